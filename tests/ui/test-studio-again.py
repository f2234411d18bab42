#!/usr/bin/env python3
"""The studio begun again: the models of last time. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import os
import shutil

from test_studio_driver import Studio, check, need, run, wait
from test_studio_steps import wait_map


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


def story(screen):
    other = shutil.copytree(screen.sample, os.path.join(screen.folder, 'models', 'other'))
    opens_both(screen, other)
    leaves_out(screen, other)


run(story, 1440, 900)
