#!/usr/bin/env python3
"""The studio, through its real window: what who has never seen it stumbles over. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import os
import re

from test_studio_driver import Studio, check, need, run, wait
from test_studio_steps import open_layer, wait_map


def fill_text(studio, window, title, path):
    entry = studio.entry(title)
    studio.reveal(entry, window)
    studio.fill(entry, path, window)


def calibrates_from_the_map(studio, screen):
    """Who calibrates on the map sees there what came of it."""
    studio.press('Calibrate…')
    window = need(studio.wait_window('Calibrate All Layers'), 'the calibration is asked for')
    check(studio.entry('Window length').text() == 'auto', 'the usual length of the windows is called so', studio.entry('Window length').text())
    fill_text(studio, window, 'Calibration text', os.path.join(screen.sample, 'no-such-text.txt'))
    check(studio.wait_state('Calibrate', 'button', 'not sensitive'), 'a text that is not there cannot be begun with')
    fill_text(studio, window, 'Calibration text', os.path.join(screen.sample, 'calibration.txt'))
    need(studio.wait_state('Calibrate', 'button', 'sensitive'), 'one that is there can')
    studio.fill(studio.entry('Calibration windows'), '8', window)
    studio.key('Return')
    studio.press('Calibrate', window)
    need(studio.wait_no_window('Calibrate All Layers'), 'it begins')
    need(studio.says('sample is calibrated'), 'a toast says that it has ended', studio.labels())
    check(studio.says('(?i)^calibrated$') and studio.says(r'^Mean of .* over the matrix'), 'the map shows what was asked for', studio.labels())


def reads_two_figures(studio, screen):
    """No figure of the list is cut off where there is room."""
    studio.press('Two Figures')
    need(studio.says('^against$'), 'two figures')
    studio.settle()
    table = studio.wait_for('Layers by figure')
    x, _, width, _ = table.extents()
    cells = [n for n in studio.nodes() if n.role == 'label' and re.fullmatch(r'\d\.\d\d', n.name)]
    right = max((n.extents()[0] + n.extents()[2] for n in cells if n.extents()[0] > x), default=None)
    check(right is not None and right <= x + width, 'the second figure is not cut off', (right, x + width))
    studio.press('Two Figures')
    need(studio.says_no_more('^against$'), 'one again')


def saves_a_table(studio, screen):
    path = os.path.join(screen.folder, 'newcomer.csv')
    studio.press('Save Table…')
    need(studio.choose_file('Save Table', path), 'the table is asked for')
    check(studio.says(r'^newcomer\.csv is saved$') and os.path.isfile(path), 'what was saved is said', studio.labels())


def loses_rules(studio, screen):
    entry = studio.entry('Weight bits')
    for bits in ('2', '4'):
        studio.reveal(entry, studio.top_window())
        studio.fill(entry, bits)
        studio.key('Return')
        if bits == '2':
            studio.press('Apply To')
            studio.choose('Down', 'Return')
            need(studio.wait_for('Recipe · 1 Rule…', 'button'), 'a rule')
    studio.press('Apply To')
    studio.choose('Down', 'Down', 'Down', 'Return')
    check(studio.says('In the recipe: All Layers · 1 rule is gone with it'), 'the rule that all layers replace is told of', studio.labels())


def reckons(studio, screen):
    studio.key('ctrl+shift+q')
    window = need(studio.wait_window('Quantize Model'), 'the quantization is asked for')
    check(studio.says('layers of .* need about .* of memory') and studio.says('Measuring the perplexity takes about .* more'),
          'what it takes counts what is measured', studio.labels())
    fill_text(studio, window, 'Measure perplexity before and after on.*', 'x')
    studio.key('BackSpace')
    check(studio.says_no_more('Measuring the perplexity takes'), 'and does not where nothing is', studio.labels())
    studio.key('Escape')
    studio.wait_no_window('Quantize Model')


def tells_of_no_history(screen):
    """What is wrong at the start is in front of the window, and not behind it."""
    studio = Studio(screen, '--db', '/proc/nowhere/runs.db', screen.sample)
    need(studio.wait_window('sample'), 'the window opens without a history', studio.errors())
    title = 'The history of runs cannot be opened'
    need(wait(lambda: any(window[1] == title for window in studio.windows())), 'which is told', studio.windows())
    check(studio.top_window()[1] == title, 'in front of it', studio.windows())
    studio.wait_window(title)
    studio.key('Escape')
    need(studio.wait_no_window(title), 'and read')
    studio.end()


def sees_what_spqr_does(studio, screen):
    """A run that the command line made while the window is open."""
    studio.key('alt+3')
    need(studio.wait_for('No runs yet'), 'no runs yet')
    studio.key('alt+1')
    studio.settle()
    screen.spqr('quantize', screen.sample, '--nearest')
    studio.key('alt+3')
    check(studio.says('^1 run$'), 'a run that spqr made is there when the page is turned to', studio.labels())


def story(screen):
    tells_of_no_history(screen)
    studio = Studio(screen)
    need(studio.wait_window('sample'), 'the window opens', studio.errors())
    canvas = wait_map(studio)
    studio.resize('sample', 1280, 800)
    calibrates_from_the_map(studio, screen)
    reads_two_figures(studio, screen)
    saves_a_table(studio, screen)
    open_layer(studio, canvas)
    loses_rules(studio, screen)
    reckons(studio, screen)
    sees_what_spqr_does(studio, screen)


run(story)
