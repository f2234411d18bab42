#!/usr/bin/env python3
"""The map's two figures, the table of runs, comparison, generated text, pictures and reports, through the real window.
Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

try:
    import gi  # noqa: F401  (python3-gi: the accessibility bus is read through its GIO)
    missing = next((tool for tool in ('Xvfb', 'xdotool', 'xwininfo', 'dbus-daemon') if shutil.which(tool) is None), None)
except ImportError:
    missing = 'python3-gi'
if missing is not None:
    print(f'1..0 # SKIP {missing} is not installed')
    sys.exit(0)

from test_studio_driver import Screen, Studio, wait  # noqa: E402

STUDIO, SPQR, SAMPLE, OUTPUT = (os.path.abspath(argument) for argument in sys.argv[1:5])

number = failures = 0


def check(good, name, explanation=''):
    global number, failures
    number += 1
    print(f'{"ok" if good else "not ok"} {number} - {name}', flush=True)
    if not good:
        failures += 1
        for line in str(explanation).splitlines():
            print(f'# {line}', flush=True)
    return good


class Stop(Exception):
    """What follows cannot be tried."""


def need(value, name, explanation=''):
    if not check(value, name, explanation):
        raise Stop(name)
    return value


def spqr(database, *arguments):
    answer = subprocess.run([SPQR, *map(str, arguments), '--json', '--quiet', '--db', database], capture_output=True, text=True)
    if answer.returncode != 0:
        raise Stop(answer.stderr)
    return json.loads(answer.stdout)


def make_runs(database):
    """Three runs; the first two measured in one way, the second also in another, the third not at all."""
    text = os.path.join(SAMPLE, 'evaluation.txt')
    calibration = os.path.join(SAMPLE, 'calibration.txt')
    spqr(database, 'quantize', SAMPLE, calibration, '--wbits=3', '--nsamples=2', '--seqlen=64')
    spqr(database, 'quantize', SAMPLE, '--nearest', '--wbits=2')
    spqr(database, 'quantize', SAMPLE, '--nearest', '--wbits=4')
    for run, seqlen in ((1, 64), (2, 64), (2, 32)):
        spqr(database, 'eval', run, '--data', text, '--seqlen', seqlen, '--windows', 3)


def label(studio, pattern, seconds=20):
    """The first label whose text has the pattern in it."""
    return wait(lambda: next((text for text in studio.labels() if re.search(pattern, text)), None), seconds)


def shot(studio, name):
    os.makedirs(OUTPUT, exist_ok=True)
    studio.settle()
    studio.picture().save(os.path.join(OUTPUT, f'runs-{name}.png'))


def choose_file(studio, title, path):
    """Types a path into a file dialog."""
    if studio.wait_window(title) is None:
        return False
    time.sleep(0.5)
    studio.key('ctrl+a')
    studio.type(path)
    time.sleep(0.3)
    studio.key('Return')
    if not studio.wait_no_window(title, 3):
        studio.key('Return')            # the first may only have closed the list of completions
    return studio.wait_no_window(title, 10)


def tab(studio, name):
    studio.click([n for n in studio.nodes() if n.role == 'tab' and n.name == name][-1])
    studio.settle()


# ---- the checks ----

def maps(studio):
    grid = need(studio.wait_for('Map of the model'), 'the map is there')
    check(label(studio, '^data-free$'), 'the map says that its figure needs no data')
    first = wait(lambda: next((text for text in studio.labels() if re.match(r'\d · \w+_proj$', text)), None))
    title = studio.wait_for(r'Rounding error \(3 bit\)', 'label')
    header = [n for n in studio.nodes() if n.name == 'Rounding error (3 bit)' and n.role == 'label' and n.extents()[2] > 0][-1]
    studio.click(header)
    check(title and wait(lambda: next(text for text in studio.labels() if re.match(r'\d · \w+_proj$', text)) != first, 5),
          'the layers are sorted the other way round by a click on the title')
    studio.click(studio.find('Two Figures', 'button'))
    scatter = need(studio.wait_for('Two figures of the layers'), 'a second figure brings the scatter')
    grid = studio.find('Map of the model')
    studio.click(grid, 0.5, 0.3)
    text = label(studio, r'weight · \d+ × \d+ · Rounding error .* · Kurtosis ')
    check(text, 'one click beside a scatter reads both figures of the layer')
    shot(studio, 'map')
    studio.click(scatter, 0.97, 0.97)
    studio.key('Left', 'Left', 'Left')
    other = wait(lambda: next((t for t in studio.labels() if re.search('weight · .* · Kurtosis', t) and t != text), None), 5)
    check(other, 'a point of the scatter that is walked to is the layer in the readout', text)
    studio.key('Return')
    name = other.split(' ')[0] if other else '?'
    check(wait(lambda: any(n.name == 'Layer' and n.role == 'tab' and n.has('selected') for n in studio.nodes()), 10) and
          studio.wait_for(re.escape(name) + '.*', seconds=10), 'Return in the scatter opens that layer', name)


def table(studio):
    studio.wait_window('sample')
    studio.key('alt+3')
    need(label(studio, '^3 runs$'), 'the table counts its runs')
    search = studio.wait_for('Filter runs')
    studio.click(search)
    studio.type('wbits<4')
    check(label(studio, '^2 of 3 runs$'), 'a figure filters the table')
    studio.key('ctrl+a')
    studio.type('method:rtn')
    check(label(studio, '^2 of 3 runs$'), 'a word in one column filters the table')
    studio.key('ctrl+a', 'BackSpace')
    label(studio, '^3 runs$')
    tags = [n for n in studio.nodes() if n.name == 'Tags' and n.role == 'text box'][-1]
    studio.click(tags)
    studio.type('fine')
    studio.key('Return')
    studio.click(search)
    studio.type('tag:fine')
    check(label(studio, '^1 of 3 runs$'), 'a tag that was typed is found')
    studio.key('ctrl+a', 'BackSpace')
    label(studio, '^3 runs$')


def in_first_column(node):
    x, y, width, _ = node.extents()
    return width > 0 and x < 60 and y > 100


def choose_item(studio, name, step):
    """Walks to an item of the menu that has just opened."""
    for _ in range(8):
        time.sleep(0.4)
        if any(n.has('focused') and n.name == name for n in studio.nodes()):
            studio.key('Return')
            return True
        studio.key(step)
    return False


def select_runs(studio, *ids):
    """By clicks on their numbers, the second and further ones with Control."""
    for i, run in enumerate(ids):
        node = next(n for n in studio.nodes() if n.role == 'label' and n.name == str(run) and in_first_column(n))
        x, y = studio.place(node)
        hold = ['keydown', 'ctrl'] if i > 0 else []
        studio.screen.run('xdotool', *hold, 'mousemove', '--sync', str(x), str(y), 'sleep', '0.05', 'click', '1',
                          *(['keyup', 'ctrl'] if i > 0 else []))
        time.sleep(0.3)


def compares(studio):
    select_runs(studio, 1, 2)
    check(label(studio, '^Parameters that differ$'), 'two runs: the parameters that differ')
    check(label(studio, '^evaluation.txt, 3 windows of 64 tokens$'), 'two runs: the perplexities that were measured in one way')
    shot(studio, 'compare')
    select_runs(studio, 1, 3)
    check(label(studio, 'run 3 has not been measured'), 'two runs: why there is nothing to rank')
    tab(studio, 'Bits × Perplexity')
    check(label(studio, 'measurements? (is|are) not shown.*never ranked'), 'the scatter says what it does not rank')
    studio.click(studio.find('Paper’s figures'))
    check(label(studio, 'Hollow: what the SpQR paper printed.*not ranked'), 'the paper’s figures are marked as another protocol')
    shot(studio, 'scatter')


def generates(studio):
    select_runs(studio, 1, 2)
    tab(studio, 'Text')
    tokens = [n for n in studio.nodes() if n.name == 'Tokens' and n.has('focusable') and n.extents()[2] > 0]
    studio.click(tokens[-1], 0.2)
    studio.key('ctrl+a')
    studio.type('9')
    studio.key('Tab')
    studio.click(studio.wait_for('Generate', 'button'))
    check(wait(lambda: len([t for t in studio.labels() if t.startswith('9 tokens')]) == 3, 40),
          'two runs and the unquantized model write side by side', [t for t in studio.labels() if 'token' in t])
    shot(studio, 'text')


def saves(studio, folder):
    tab(studio, 'Over the Layers')
    chart = studio.find('Figures over the layers')
    studio.click(chart, 0.5, 0.5)
    studio.key('shift+F10')
    choose_item(studio, 'Save Picture…', 'Down')
    window = need(studio.wait_window('Save Picture', 5), 'the menu of a chart asks how to save it')
    width = [n for n in studio.nodes() if n.name == 'Width' and n.has('focusable') and n.extents()[2] > 0][-1]
    studio.click(width, 0.2, window=window)
    studio.key('ctrl+a')
    studio.type('777')
    studio.key('Tab')
    shot(studio, 'save')
    studio.click(studio.wait_for('Save…', 'button'), window=window)
    path = os.path.join(folder, 'curves.svg')
    need(choose_file(studio, 'Save Picture As', path) and wait(lambda: os.path.exists(path), 10), 'the picture is saved')
    with open(path, encoding='utf-8') as file:
        check('width="777' in file.read(2000), 'at the chosen width')
    check(studio.wait_no_window('Save Picture', 5), 'and the dialog is gone')

    studio.wait_window('sample')
    select_runs(studio, 1)
    label(studio, '^Result$')
    studio.click(studio.wait_for('Save tables and reports', 'button'))
    choose_item(studio, 'Save Report…', 'Up')
    path = os.path.join(folder, 'report.html')
    need(choose_file(studio, 'Save Report', path) and wait(lambda: os.path.exists(path), 10), 'a run is saved as a report')
    with open(path, encoding='utf-8') as file:
        page = file.read()
    check(page.count('<svg') == 4 and 'down_proj' in page and '3 windows of 64 tokens' in page, 'with its charts, layers and evaluations')


def main():
    global SAMPLE
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))       # past the time: what was started is ended first
    screen = Screen(1280, 800)
    studio = None
    try:
        SAMPLE = shutil.copytree(SAMPLE, os.path.join(screen.folder, 'models', 'sample'))
        database = os.path.join(screen.folder, 'runs.db')
        make_runs(database)
        theme = {'ADW_DEBUG_COLOR_SCHEME': 'prefer-dark'} if 'dark' in sys.argv[5:] else {}
        studio = Studio(screen, STUDIO, '--db', database, SAMPLE, **theme)
        need(studio.wait_window('sample'), 'the window opens')
        window = studio.windows()[0]
        screen.run('xdotool', 'windowsize', '--sync', window[0], '1290', '810', 'windowmove', window[0], '-5', '-5')
        maps(studio)
        table(studio)
        compares(studio)
        generates(studio)
        saves(studio, screen.folder)
    except Stop as stop:
        check(False, 'what follows cannot be tried', stop)
    finally:
        if studio is not None:
            warnings = [line for line in studio.errors().splitlines() if 'WARNING' in line or 'CRITICAL' in line or 'ERROR' in line]
            check(not warnings, 'no warnings', '\n'.join(warnings))
            studio.end()
        screen.close()
    print(f'1..{number}')
    sys.exit(1 if failures else 0)


main()
