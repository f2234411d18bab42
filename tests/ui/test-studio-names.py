#!/usr/bin/env python3
"""What assistive programs are told: on every page, in every dialog and in what opens from buttons, whatever takes the keyboard
has a name; what is drawn tells its value. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import os
import re

from test_studio_driver import GLib, Studio, check, need, run, wait
from test_studio_steps import check_named, open_layer, show_page, start_quantization, wait_map

VALUE = 'org.a11y.atspi.Value'
# Name and key.
DIALOGS = (('Preferences', 'ctrl+comma'), ('Quantize Model', 'ctrl+shift+q'), ('Calibrate All Layers', 'ctrl+shift+c'))
# Of a page's lower half.
TABS = {'Layer': ('Values', 'Error share', 'Rows', 'Columns', 'Heads'),
        'Runs': ('Summary', 'Over the Layers', 'Layer Table', 'Bits × Perplexity', 'Heat Maps', 'Text')}


def is_alone(studio):
    return wait(lambda: len([w for w in studio.windows() if not w[6]]) == 1)


def visits_tabs(studio, page):
    for name in TABS.get(page, ()):
        tab = studio.find(re.escape(name), 'tab') or studio.find(re.escape(name), 'button')
        if check(tab, f'{page} has {name}', [n for n in studio.nodes() if n.role == 'tab']):
            studio.click(tab)
            studio.settle()
            check_named(studio, f'{page}, {name}')


def value(studio, node):
    """As a number within its limits, or in words: GTK 4.8 hands on the numbers of its own widgets only."""
    try:
        low, now, high = (studio.call(node.path, 'org.freedesktop.DBus.Properties', 'Get', GLib.Variant('(ss)', (VALUE, what)))[0]
                          for what in ('MinimumValue', 'CurrentValue', 'MaximumValue'))
        return low <= now <= high and low < high
    except GLib.Error:
        return re.search(r'\d', node.ask('Description') + node.name)


def tells_values(studio, page):
    """Handles of ranges, entries of numbers, progress."""
    found = [node for node in studio.nodes() if node.role in ('slider', 42, 52) and node.shown()]
    silent = [f'{node}: “{node.ask("Description")}”' for node in found if not value(studio, node)]
    check(not silent, f'what is moved or filled tells its value: {page}', '\n'.join(silent))
    return len(found)


def visits_dialogs(studio):
    for name, key in DIALOGS:
        studio.wait_window('sample')
        studio.key(key)
        need(studio.wait_window(name), f'{name} opens')
        studio.settle()
        check_named(studio, name)
        studio.key('Escape')
        is_alone(studio)


def opens_dialog(studio, button, title, where):
    """From a button of the page in front."""
    studio.wait_window('sample')
    if not check(studio.press(button), f'{where} has “{button}”', studio.labels()):
        return
    need(studio.wait_window(title), f'it opens {title}', studio.windows())
    studio.settle()
    check_named(studio, title)
    studio.key('Escape')
    is_alone(studio)


def story(screen):
    text, calibration = (os.path.join(screen.sample, name) for name in ('evaluation.txt', 'calibration.txt'))
    for bits in (3, 4):
        screen.spqr('quantize', screen.sample, calibration, '--nsamples', 2, '--wbits', bits, '--eval', text)
    studio = Studio(screen)
    need(studio.wait_window('sample'), 'the window opens')
    canvas = wait_map(studio)
    check_named(studio, 'Map')
    rows = [n.name for n in studio.nodes() if n.role == 'row' and n.name.startswith('3 · down_proj')]
    check(len(rows) == 1 and re.fullmatch(r'3 · down_proj, \d+\.\d+\s%', rows[0]), 'a row of its list is read as layer and figure', rows)
    open_layer(studio, canvas)
    check_named(studio, 'Layer')
    check(tells_values(studio, 'Layer') >= 2, 'the colour bar is among them')
    visits_tabs(studio, 'Layer')
    opens_dialog(studio, 'Recipe…', 'Recipe.*', 'the layer\'s page')
    show_page(studio, 'Runs', 'Filter runs')
    studio.click(need(studio.wait_for('1', 'label'), 'a run'))
    check_named(studio, 'Runs')
    visits_tabs(studio, 'Runs')
    opens_dialog(studio, 'Evaluate…', 'Evaluate Run.*', 'the runs\' page')
    visits_dialogs(studio)
    start_quantization(studio, 2000)
    studio.click(need(studio.wait_for('Jobs.*', 'button'), 'the jobs'))
    need(studio.wait_for('Cancel this job', 'button'), 'open')
    check_named(studio, 'Jobs')
    check(tells_values(studio, 'Jobs') >= 1, 'a job\'s progress is among them')
    studio.end()


run(story, 1440, 900)
