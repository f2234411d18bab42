#!/usr/bin/env python3
"""The list of jobs: a GPU that cannot do its part, and those that wait are put in another order, by the pointer and by keys.
Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import os
import re
import shutil

from test_studio_driver import OUTPUT, Studio, check, need, note, run, wait
from test_studio_steps import open_quantization, start_quantization, wait_map

LONG = 2000         # calibration windows, of which no test sees the end


def opens_jobs(studio):
    studio.wait_window('sample')
    studio.click(need(studio.wait_for('Jobs.*', 'button'), 'the jobs'))
    # Where a popover is, GTK 4.8 does not tell: it is looked for among the windows.
    return need(wait(lambda: next(w for w in studio.windows() if w[6] and w[4] > 300)), 'are listed', studio.windows())


# ---- a device that has no memory for anything ----

def falls_back(screen):
    plugins = os.path.join(os.environ.get('G_TEST_BUILDDIR', ''), 'compute')
    if not os.path.isfile(os.path.join(plugins, 'libspqr-backend-fake.so')):
        note('the tests\' device was not built: no device fails')
        return
    studio = Studio(screen, SPQR_PLUGIN_DIR=plugins, SPQR_FAKE_IS_FULL='1')
    need(studio.wait_window('sample'), 'the window opens where there is a GPU')
    wait_map(studio)
    start_quantization(studio, 2)
    opens_jobs(studio)
    need(studio.says('Fake device → CPU'), 'the job of a GPU without memory tells that the CPU helps', studio.labels())
    told = need(studio.says(r'^Since model\.layers\.0\.\S+: Fake device \(fake:\d\), [A-Za-z ]+: [a-z ]+; the CPU does it instead\.$'), 'since which layer, in what, and why',
                studio.labels())
    note(told)
    label = studio.find(re.escape(told), 'label')
    lines = wait(lambda: label.ask('Description').count('\n') > 0 and label.ask('Description').split('\n'))
    check(lines and lines[0] == told and len(set(lines)) == len(lines) and any(', quantizing a layer: ' in line for line in lines),
          'the others where it is pointed at, each once', label.ask('Description'))
    studio.screen.picture().save(os.path.join(OUTPUT, 'jobs-fall-back.png'))
    need(wait(lambda: len(screen.runs('finished')) == 1), 'it is done all the same', screen.runs())
    check(studio.says('^Done$') and studio.says(re.escape(told)), 'and says so still', studio.labels())
    layers = screen.spqr('runs', 'show', screen.runs()[-1]['id'])['layers']
    check(any('the CPU does it instead' in (layer.get('note') or '') for layer in layers), 'as the layers do', layers[:1])
    studio.end()


# ---- another order ----

def order(studio):
    """The titles in the list of jobs, from the top."""
    return [label for label in studio.labels() if re.fullmatch(r'(Quantize|Calibrate) (sample|other)', label)]


def row_place(studio, popover, title):
    """Where a row lies on the screen: GTK 4.8 counts from where the popover's button is."""
    button = next(n for n in studio.nodes() if n.role == 'button' and n.name.startswith('Jobs'))
    (x, y, width, height), (left, top, _, _) = studio.find(title, 'label').extents(), button.extents()
    return popover[2] + x - left + width // 2, popover[3] + y - top + height // 2


def queue(studio):
    """One that runs, and three that wait."""
    start_quantization(studio, LONG)
    need(studio.screen.wait_run('running'), 'a job runs', studio.screen.runs())
    studio.key('ctrl+Tab')
    window = open_quantization(studio, LONG, 'other')
    need(studio.press('Quantize', window) and studio.wait_no_window('Quantize Model'), 'another model waits to be quantized')
    for key, model in (('', 'other'), ('ctrl+Tab', 'sample')):
        studio.wait_window('other')
        if key:
            studio.key(key)
        studio.wait_window(model)
        studio.key('ctrl+shift+c')
        window = need(studio.wait_window('Calibrate All Layers'), f'{model} waits to be calibrated')
        studio.press('Calibrate', window)
        need(studio.wait_no_window('Calibrate All Layers'), 'too')


def drags(studio, popover, title, target, wanted):
    """A row to another one's place, until the list is as it should be."""
    def once():
        (x0, y0), (x1, y1) = row_place(studio, popover, title), row_place(studio, popover, target)
        studio.drag(x0, y0, x1 - x0, y1 - y0)
        return wait(lambda: order(studio) == wanted, 5)
    return wait(once)


def reorders(screen):
    other = shutil.copytree(screen.sample, os.path.join(screen.folder, 'models', 'other'))
    studio = Studio(screen, '--db', screen.database, other, screen.sample)
    need(wait(lambda: studio.windows() and studio.nodes() and len([n for n in studio.nodes() if n.name == 'Close this tab' and n.shown()]) == 2), 'two models are open')
    need(studio.wait_window('sample'), 'the second in front', studio.windows())
    queue(studio)
    popover = opens_jobs(studio)
    begun, rest = 'Quantize sample', ['Quantize other', 'Calibrate other', 'Calibrate sample']
    need(wait(lambda: order(studio) == [begun, *rest]), 'one runs and three wait, in the order they came', order(studio))
    studio.settle()
    popover = next(w for w in studio.windows() if w[6] and w[4] > 300)
    wanted = [begun, rest[2], *rest[:2]]
    check(drags(studio, popover, rest[2], rest[0], wanted), 'the last is dragged to the place of the first', order(studio))
    studio.screen.picture().save(os.path.join(OUTPUT, 'jobs-dragged.png'))
    check(drags(studio, popover, rest[2], rest[0], [begun, rest[0], rest[2], rest[1]]), 'and down by one', order(studio))
    studio.drag(*row_place(studio, popover, rest[1]), 0, row_place(studio, popover, begun)[1] - row_place(studio, popover, rest[1])[1])
    studio.settle()
    check(order(studio) == [begun, rest[0], rest[2], rest[1]], 'nothing takes the place of the one that runs', order(studio))
    need(studio.tab_to('Do this job earlier'), 'the keyboard reaches the order')
    studio.key('alt+Up')
    check(wait(lambda: order(studio) == [begun, rest[2], rest[0], rest[1]]), 'Alt+Up moves one forward', order(studio))
    studio.key('alt+Down', 'alt+Down')
    check(wait(lambda: order(studio) == [begun, rest[0], rest[1], rest[2]]), 'Alt+Down, twice, to the end: the keyboard stays with it', order(studio))
    studio.end()


def story(screen):
    falls_back(screen)
    reorders(screen)


run(story, 1400, 900)
