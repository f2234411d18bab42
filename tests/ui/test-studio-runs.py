#!/usr/bin/env python3
"""The map's two figures, the table of runs, comparison, generated text, pictures and reports, through the real window.
Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import os
import re
import sys

from test_studio_driver import Studio, check, need, run, wait
from test_studio_steps import choose_tab, select_runs, wait_map


def make_runs(screen):
    """Three runs; the first two measured in one way, the second also in another, the third not at all."""
    text = os.path.join(screen.sample, 'evaluation.txt')
    calibration = os.path.join(screen.sample, 'calibration.txt')
    screen.spqr('quantize', screen.sample, calibration, '--wbits=3', '--nsamples=2', '--seqlen=64')
    screen.spqr('quantize', screen.sample, '--nearest', '--wbits=2')
    screen.spqr('quantize', screen.sample, '--nearest', '--wbits=4')
    for run, seqlen in ((1, 64), (2, 64), (2, 32)):
        screen.spqr('eval', run, '--data', text, '--seqlen', seqlen, '--windows', 3)


def shot(studio, name):
    studio.save(f'runs-{name}')


def fill_figure(studio, name, text, window=None):
    """Replaces the figure of a control with two buttons at its end."""
    node = studio.first(lambda n: n.name == name and n.has('focusable'))
    studio.click(node, 0.2, window=window)
    studio.key('ctrl+a')
    studio.type(text)
    studio.key('Tab')


# ---- the checks ----

def maps(studio):
    check(studio.says('^data-free$'), 'the map says that its figure needs no data')

    def first():
        return next(text for text in studio.labels() if re.match(r'\d · \w+_proj$', text))

    lowest = wait(first)
    header = need(studio.wait_for(r'Rounding error\n\(3 bit\)', 'label'), 'the list of layers has a title')
    studio.click(header)
    check(wait(lambda: first() != lowest), 'the layers are sorted the other way round by a click on the title')
    studio.press('Two Figures')
    scatter = need(studio.wait_for('Two figures of the layers'), 'a second figure brings the scatter')
    studio.settle()
    studio.click(studio.wait_for('Map of the model'), 0.5, 0.3)
    text = studio.says(r'weight · \d+ × \d+ · Rounding error .* · Kurtosis ')
    check(text, 'one click beside a scatter reads both figures of the layer')
    shot(studio, 'map')
    studio.click(scatter, 0.97, 0.97)
    studio.key('Left', 'Left', 'Left')
    other = wait(lambda: next(t for t in studio.labels() if re.search('weight · .* · Kurtosis', t) and t != text))
    check(other, 'a point of the scatter that is walked to is the layer in the readout', text)
    studio.key('Return')
    name = other.split(' ')[0] if other else '?'
    check(studio.wait_state('Layer', 'tab', 'selected') and studio.wait_for(re.escape(name) + '.*'), 'Return in the scatter opens that layer', name)


def table(studio):
    studio.wait_window('sample')
    studio.key('alt+3')
    need(studio.says('^3 runs$'), 'the table counts its runs')
    search = studio.wait_for('Filter runs')
    studio.settle()
    studio.click(search)
    studio.type('wbits<4')
    check(studio.says('^2 of 3 runs$'), 'a figure filters the table')
    studio.key('ctrl+a', 'BackSpace')
    need(studio.says('^3 runs$'), 'without it all are back')
    studio.type('method:rtn')
    check(studio.says('^2 of 3 runs$'), 'a word in one column filters the table')
    studio.key('ctrl+a', 'BackSpace')
    need(studio.says('^3 runs$'), 'without it all are back')
    studio.fill(studio.entry('Tags'), 'fine')
    studio.key('Return')
    studio.click(search)
    studio.type('tag:fine')
    check(studio.says('^1 of 3 runs$'), 'a tag that was typed is found')
    studio.key('ctrl+a', 'BackSpace')
    need(studio.says('^3 runs$'), 'without it all are back')


def choose_item(studio, name, step):
    """Walks to an item of the menu that has just opened."""
    for _ in range(8):
        focused = studio.first(lambda n: n.role == 'menu item' and n.has('focused'))
        if focused is None or focused.name == name:
            break
        studio.key(step)
        wait(lambda: not next(n for n in studio.nodes() if n.path == focused.path).has('focused'))
    return check(focused is not None and focused.name == name, f'the menu has “{name}”') and studio.key('Return')


def compares(studio):
    select_runs(studio, 1, 2)
    check(studio.says('^Parameters that differ$'), 'two runs: the parameters that differ')
    check(studio.says('^evaluation.txt, 3 windows of 64 tokens$'), 'two runs: the perplexities that were measured in one way')
    shot(studio, 'compare')
    select_runs(studio, 1, 3)
    check(studio.says('run 3 has not been measured'), 'two runs: why there is nothing to rank')
    choose_tab(studio, 'Bits × Perplexity')
    check(studio.says('measurements? (is|are) not shown.*never ranked'), 'the scatter says what it does not rank')
    check(studio.says(r'^sample on evaluation.txt, 3 windows of 64 \('), 'of the selected runs those are shown that were measured')
    studio.click(studio.wait_for('Paper’s figures'))
    check(studio.says('Hollow: what the SpQR paper printed.*not ranked'), 'the paper’s figures are marked as another protocol')
    shot(studio, 'scatter')


def generates(studio):
    select_runs(studio, 1, 2)
    choose_tab(studio, 'Text')
    fill_figure(studio, 'Tokens', '9')
    studio.press('Generate')
    check(wait(lambda: len([t for t in studio.labels() if t.startswith('9 tokens')]) == 3),
          'two runs and the unquantized model write side by side', [t for t in studio.labels() if 'token' in t])
    shot(studio, 'text')


def saves(studio):
    choose_tab(studio, 'Over the Layers')
    chart = studio.wait_for('Figures over the layers')
    studio.click(chart, 0.5, 0.5)
    studio.key('shift+F10')
    choose_item(studio, 'Save Picture…', 'Down')
    window = need(studio.wait_window('Save Picture'), 'the menu of a chart asks how to save it')
    studio.settle()
    fill_figure(studio, 'Width', '777', window)
    shot(studio, 'save')
    studio.press('Save…', window)
    path = os.path.join(studio.screen.folder, 'curves.svg')
    need(studio.choose_file('Save Picture As', path) and wait(lambda: os.path.exists(path)), 'the picture is saved')
    with open(path, encoding='utf-8') as file:
        check('width="777' in file.read(2000), 'at the chosen width')
    check(studio.wait_no_window('Save Picture'), 'and the dialog is gone')

    studio.wait_window('sample')
    select_runs(studio, 1)
    studio.says('^Result$')
    studio.press('Save tables and reports')
    choose_item(studio, 'Save Report…', 'Up')
    path = os.path.join(studio.screen.folder, 'report.html')
    need(studio.choose_file('Save Report', path) and wait(lambda: os.path.exists(path)), 'a run is saved as a report')
    with open(path, encoding='utf-8') as file:
        page = file.read()
    check(page.count('<svg') == 4 and 'down_proj' in page and '3 windows of 64 tokens' in page, 'with its charts, layers and evaluations')


def story(screen):
    make_runs(screen)
    theme = {'ADW_DEBUG_COLOR_SCHEME': 'prefer-dark'} if 'dark' in sys.argv[5:] else {}
    studio = Studio(screen, '--db', screen.database, screen.sample, **theme)
    need(studio.wait_window('sample'), 'the window opens')
    studio.resize('sample', 1280, 800)
    wait_map(studio)
    maps(studio)
    table(studio)
    compares(studio)
    generates(studio)
    saves(studio)


run(story, 1280, 800)
