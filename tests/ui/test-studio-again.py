#!/usr/bin/env python3
"""The studio begun again: the models of last time, the jobs that waited when it was killed. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import contextlib
import os
import shutil
import sqlite3

from test_studio_driver import Studio, check, need, run, wait
from test_studio_steps import fill_windows, start_quantization, wait_map

LONG = 2000         # calibration windows, of which no test sees the end


def tabs(studio):
    """The tabs of models, left to right; none is shown for a single model."""
    nodes = studio.nodes()
    parents = {n.parent for n in nodes if n.name == 'Close this tab' and n.shown()}
    return [node.name for node in sorted((n for n in nodes if n.path in parents), key=lambda n: n.extents()[0])]


def wait_tabs(studio, *names):
    """Whether these are the tabs, or become so."""
    return wait(lambda: tabs(studio) == list(names))


# ---- the models of last time ----

# GTK 4.8 names a switch in a row twice.
REOPEN = '(Open the models of last time ?)+'

def begin(screen, *models):
    """With what is remembered, as from the desktop where no model is named."""
    return Studio(screen, '--db', screen.database, *models, GSETTINGS_BACKEND='keyfile')


def leave(studio):
    studio.wait_window('sample|other|SpQR Studio')
    studio.key('ctrl+q')
    need(wait(lambda: studio.process.poll() is not None) and studio.process.poll() == 0, 'it ends', studio.process.poll())


def is_alone(studio):
    return [window[1] for window in studio.windows() if not window[6]]


def opens_both(screen, other):
    studio = begin(screen, screen.sample, other)
    need(wait_tabs(studio, 'sample', 'other'), 'two models are open', tabs(studio))
    leave(studio)
    studio = begin(screen)
    check(wait_tabs(studio, 'sample', 'other'), 'begun again, both are back', tabs(studio))
    check(studio.wait_window('sample') and studio.wait_for('Map of the model'), 'the first in front', studio.windows())
    leave(studio)


def leaves_out(screen, other):
    """What has vanished; then, by the preference, all."""
    shutil.rmtree(other)
    studio = begin(screen)
    need(studio.wait_window('sample'), 'without the other model the first is back', studio.windows())
    wait_map(studio)
    studio.settle()
    check(tabs(studio) == [] and is_alone(studio) == ['sample'], 'and nothing is said about the other', (tabs(studio), studio.windows()))
    studio.key('ctrl+comma')
    need(studio.wait_window('Preferences'), 'the preferences')
    need(studio.wait_state(REOPEN, 'switch', 'checked'), 'the models of last time are asked for')
    need(studio.tab_to('Open the models of last time'), 'by a switch that the keyboard reaches')
    studio.key('space')
    need(studio.wait_state(REOPEN, 'switch', 'not checked'), 'which turns it off')
    studio.key('Escape')
    studio.wait_no_window('Preferences')
    leave(studio)
    studio = begin(screen)
    need(studio.wait_window('SpQR Studio') and studio.wait_for('sample', 'label'), 'without it the models are only listed', studio.labels())
    studio.settle()
    check(tabs(studio) == [] and is_alone(studio) == ['SpQR Studio'] and studio.find('Map of the model') is None, 'and none is open',
          (tabs(studio), studio.windows()))
    leave(studio)


# ---- jobs that waited ----

def waiting(screen):
    """The titles of those that are kept."""
    with contextlib.closing(sqlite3.connect(f'file:{screen.database}?mode=ro', uri=True)) as connection:
        return [title for title, in connection.execute('SELECT title FROM waiting ORDER BY id')]


def is_killed(screen):
    studio = Studio(screen)
    need(studio.wait_window('sample'), 'the window opens')
    wait_map(studio)
    start_quantization(studio, LONG)
    need(screen.wait_run('running'), 'a quantization runs', screen.runs())
    for windows in (2, 3):
        start_quantization(studio, windows)
    studio.key('ctrl+shift+c')
    window = need(studio.wait_window('Calibrate All Layers'), 'a calibration is asked for, too')
    fill_windows(studio, window, 5)
    studio.press('Calibrate', window)
    studio.wait_no_window('Calibrate All Layers')
    check(wait(lambda: len(waiting(screen)) == 3), 'three that have not begun are kept', waiting(screen))
    studio.process.kill()
    studio.process.wait()
    check(len(waiting(screen)) == 3, 'also when the program is killed', waiting(screen))


def takes_waiting(screen):
    """Where nothing is open: what a calibration finds is for a model in a tab."""
    studio = Studio(screen, '--db', screen.database)
    need(studio.wait_window('SpQR Studio'), 'it begins again')
    need(studio.says('^3 jobs were waiting when the program ended$'), 'the three are offered', studio.labels())
    check(len(waiting(screen)) == 3 and len(screen.runs()) == 1, 'and not begun before they are asked for', screen.runs())
    studio.settle()
    studio.press('Show')
    need(studio.says('^Jobs of Last Time$'), 'they are listed', studio.labels())
    # Where a popover is, GTK 4.8 does not tell: the keyboard goes there instead of the pointer.
    need(studio.tab_to('Start All', 'button'), 'the keyboard reaches “Start All”')
    studio.key('space')
    check(studio.wait_window('sample'), 'the model of the calibration is opened', studio.windows())
    check(wait(lambda: len(screen.runs('finished')) == 2), 'both quantizations are done', screen.runs())
    check(wait(lambda: studio.labels().count('Done') == 3) and 'Calibrate sample' in studio.labels(), 'and the calibration', studio.labels())
    check(wait(lambda: waiting(screen) == []), 'and wait no more', waiting(screen))
    check(sorted(r['nsamples'] for r in screen.runs('finished')) == [2, 3], 'as they were asked for', screen.runs())
    studio.end()


def story(screen):
    other = shutil.copytree(screen.sample, os.path.join(screen.folder, 'models', 'other'))
    opens_both(screen, other)
    leaves_out(screen, other)
    is_killed(screen)
    takes_waiting(screen)


run(story, 1440, 900)
