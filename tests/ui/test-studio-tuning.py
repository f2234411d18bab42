#!/usr/bin/env python3
"""Tuning and jobs through the studio's real window: parameters tried and taken back, applied to a kind of layer,
kept as a recipe, quantized with, the same by the command line; jobs held, moved, let go on, and gone on with
after the program was killed. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
With SPQR_DARK=1 in the dark.
"""
import filecmp
import json
import os
import re
import shutil
import signal
import sqlite3
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

from gi.repository import GLib  # noqa: E402

from test_studio_driver import Node, Screen, Studio, wait  # noqa: E402

STUDIO, SPQR, SAMPLE, OUTPUT = (os.path.abspath(argument) for argument in sys.argv[1:5])
SUFFIX, SCHEME = ('-dark', {'ADW_DEBUG_COLOR_SCHEME': 'prefer-dark'}) if os.environ.get('SPQR_DARK') == '1' else ('', {})

BLOCKS = 4       # of the sample model, each of seven layers

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


def known(studio):
    """What has been read before, as it is now: one question instead of one for each group."""
    try:
        return [Node(studio, path, item) for path, item in studio._cached().items()]
    except GLib.Error:
        return []


def says(studio, pattern, seconds=15):
    """The first label that matches, as soon as there is one."""
    def look():
        found = next((n.name for n in known(studio) if n.role == 'label' and re.search(pattern, n.name)), None)
        return found or next((label for label in studio.labels() if re.search(pattern, label)), None)
    return wait(look, seconds)


def tab_to(studio, name, at_most=30):
    """Walks by Tab to a control."""
    studio.nodes()
    for _ in range(at_most):
        if wait(lambda: any(n.name == name and n.has('focused') for n in known(studio)), 0.2, 0.05):
            return True
        studio.key('Tab')
    return False


def save(studio, name, window=None):
    studio.settle(0.2)
    studio.picture(window=window).save(os.path.join(OUTPUT, f'{name}{SUFFIX}.png'))


def entry(studio, name):
    return next(n for n in reversed(studio.nodes()) if n.name == name and n.role == 'text box' and n.extents()[2] > 0)


def named(studio, where):
    """Every control that takes the keyboard has a name; rows of lists are read by their labels."""
    nameless = [node for node in studio.nodes()
                if node.has('focusable') and node.role in ('button', 'switch', 'text box', 'search box', 'slider', 'combo box', 'tab', 'image')
                and (node.name == '' or node.name.startswith('Gtk'))]
    check(not nameless, f'every control has a name: {where}', '\n'.join(f'{node} {node.extents()}' for node in nameless))


def query(database, text):
    connection = sqlite3.connect(f'file:{database}?mode=ro', uri=True)
    try:
        return connection.execute(text).fetchall()
    finally:
        connection.close()


def last_run(database):
    answer = subprocess.run([SPQR, 'runs', 'list', '--json', '--db', database], capture_output=True, text=True)
    found = json.loads(answer.stdout)['runs'] if answer.returncode == 0 else []
    return max(found, key=lambda run: run['id'], default=None)


def show(database, run):
    answer = subprocess.run([SPQR, 'runs', 'show', str(run['id']), '--json', '--db', database], capture_output=True, text=True)
    return json.loads(answer.stdout)


# ---- tuning ----

def opens_layer(studio):
    need(studio.wait_window('sample'), 'the window opens', studio.errors())
    canvas = need(studio.wait_for('Map of the model'), 'the map is there')
    need(wait(lambda: canvas.extents()[2] > 0 and studio.picture(canvas).n_colours() > 40), 'and drawn')
    studio.click(canvas, 0.42, 0.3)
    title = need(says(studio, r'^Block \d+ · \w+_proj$'), 'a layer is shown')
    need(says(studio, 'Whole layer, exact'), 'with its figures')
    return title.split(' · ')[1]


def tries(studio):
    """One key back and forth, from within the entry in which a number was typed."""
    bits = lambda: entry(studio, 'Weight bits').text()  # noqa: E731
    studio.click(entry(studio, 'Weight bits'))
    studio.key('ctrl+a')
    studio.type('2')
    studio.key('Return')
    check(says(studio, r'^[▲▼] [\d.]+.pp$'), 'the error moves, and by how much is told', studio.labels())
    studio.key('ctrl+b')
    check(wait(lambda: bits() == '3', 5), 'Ctrl+B: the setting before', bits())
    studio.key('ctrl+b')
    check(wait(lambda: bits() == '2', 5), 'Ctrl+B again: this one', bits())
    studio.key('ctrl+z')
    check(wait(lambda: bits() == '3', 5), 'Ctrl+Z takes it back', bits())
    studio.key('ctrl+shift+z')
    check(wait(lambda: bits() == '2', 5), 'Ctrl+Shift+Z brings it again', bits())
    studio.key('F1')
    check(says(studio, 'one bit more costs one bit a weight'), 'F1 says what the parameter does and costs', studio.labels())
    studio.key('Escape')
    time.sleep(0.3)


def applies(studio, role):
    button = need(studio.wait_for('Apply To', 'button', 5), 'the parameters can be applied')
    studio.click(button)
    time.sleep(0.5)
    save(studio, 'apply')
    studio.key('Down', 'Return')        # where a popover is, GTK 4.8 does not tell: This Layer, then its kind
    check(says(studio, f'In the recipe: {role} in Every Block'), 'a toast says to what', studio.labels())
    check(studio.wait_for('Recipe · 1 Rule…', 'button', 5), 'the recipe has a rule', [n.name for n in studio.nodes() if n.role == 'button'])
    studio.click(entry(studio, 'Weight bits'))
    studio.key('ctrl+shift+l')
    check(studio.wait_for('Recipe · 1 Rule…', 'button', 5), 'the same once more changes nothing')
    check(says(studio, 'This layer in the recipe: as here'), 'what the recipe says of this layer is told', studio.labels())
    studio.key('ctrl+a')
    studio.type('4')
    studio.key('Return')
    check(says(studio, 'This layer in the recipe: Weight bits.2'), 'and where it is not what is at hand', studio.labels())
    studio.click(button)
    time.sleep(0.5)
    studio.key('Down', 'Down', 'Down', 'Down', 'Down', 'Return')
    check(wait(lambda: entry(studio, 'Weight bits').text() == '2', 5), 'it can be taken from there', entry(studio, 'Weight bits').text())


def shows_recipe(studio, role):
    studio.key('ctrl+r')
    window = need(studio.wait_window('Recipe'), 'Ctrl+R shows the recipe')
    check(says(studio, f'^{role} in every block$') and says(studio, r'^Weight bits.2$') and says(studio, f'^{BLOCKS} layers$'),
          'what matches, what it sets, in how many layers', studio.labels())
    check(says(studio, f'{7 * BLOCKS} layers at \\d\\.\\d+ bits per weight'), 'and what it costs', studio.labels())
    studio.click(entry(studio, 'Name'), window=window)
    studio.type('test rules')
    studio.key('Return')
    studio.key('ctrl+z')
    check(wait(lambda: entry(studio, 'Name').text() == '', 5), 'Ctrl+Z takes the name back', entry(studio, 'Name').text())
    studio.key('ctrl+z')
    check(wait(lambda: not any(f'{role} in every block' in label for label in studio.labels()), 5), 'and the rule', studio.labels())
    studio.key('ctrl+shift+z', 'ctrl+shift+z')
    check(wait(lambda: entry(studio, 'Name').text() == 'test rules', 5) and says(studio, f'^{role} in every block$'),
          'Ctrl+Shift+Z brings both again', studio.labels())
    named(studio, 'recipe')
    save(studio, 'recipe', window)
    studio.key('Escape')
    need(studio.wait_no_window('Recipe'), 'Escape closes it')


def saves_recipe(studio, path):
    studio.wait_window('sample')
    studio.key('ctrl+r')
    need(studio.wait_window('Recipe'), 'the recipe again')
    studio.key('ctrl+s')
    need(studio.wait_window('Save Recipe'), 'Ctrl+S asks where')
    time.sleep(0.4)
    studio.key('ctrl+a')
    studio.type(path)
    time.sleep(0.3)
    studio.key('Return')
    if not studio.wait_no_window('Save Recipe', 3):
        studio.key('Return')
    need(wait(lambda: os.path.isfile(path), 10), 'the recipe is saved')
    studio.wait_window('Recipe')
    studio.key('Escape')
    studio.wait_no_window('Recipe')


# ---- quantizing by the recipe ----

def begin_quantization(studio, windows, evaluation=True, picture=None):
    studio.wait_window('sample')
    studio.key('ctrl+shift+q')
    window = need(studio.wait_window('Quantize Model'), 'the quantization dialog')
    if picture is not None:
        check(says(studio, 'layers of .* need about .* of memory'), 'it says what it will take', studio.labels())
        save(studio, picture, window)
    samples = entry(studio, 'Calibration windows')
    for _ in range(30):
        if samples.extents()[1] < window[5] - 140:
            break
        studio.screen.run('xdotool', 'mousemove', str(window[2] + 12), str(window[3] + window[5] // 2), 'click', '--repeat', '3', '5')
        time.sleep(0.15)
    studio.click(samples, window=window)
    studio.key('ctrl+a')
    studio.type(str(windows))
    studio.key('Return')
    return window


def refuses(studio, window):
    """More windows than any memory holds: told with numbers, and not begun."""
    problem = says(studio, 'this needs about .* of memory .* is available')
    check(problem and not studio.find('Quantize', 'button').has('sensitive'), 'what cannot fit is refused, with the numbers', studio.labels())
    studio.click(entry(studio, 'Calibration windows'), window=window)
    studio.key('ctrl+a')
    studio.type('16')
    studio.key('Return')
    check(wait(lambda: studio.find('Quantize', 'button').has('sensitive'), 10), 'less can be begun')


def quantizes(studio, database, role):
    window = begin_quantization(studio, 1000000, picture='quantize-recipe')
    check(f'{role} in every block' in studio.labels() and 'Parameters of All Other Layers' in studio.labels(),
          'the dialog shows the recipe', studio.labels())
    refuses(studio, window)
    studio.click(studio.find('Quantize', 'button'), window=window)
    need(studio.wait_no_window('Quantize Model'), 'it begins')
    run = need(wait(lambda: (last_run(database) or {}).get('state') == 'finished' and last_run(database), 120), 'and ends', last_run(database))
    need(says(studio, 'sample is quantized', 120), 'a toast says so', studio.labels())
    studio.wait_window('sample')
    studio.click(need(studio.find('Show', 'button'), 'with a button'))
    check(wait(lambda: studio.find('Runs', 'tab').has('selected'), 5), 'that shows the runs')
    shown = show(database, run)
    wrong = [layer for layer in shown['layers'] if (round(layer['bits'] - 0.625 - 32 * layer['outlier_share'], 3) == 2) != (layer['role'] == role)]
    check(not wrong, 'the layers have the bits of the recipe', wrong)
    text = shown['recipe']
    recorded = json.loads(text)
    check([(rule['role'], rule['set']) for rule in recorded['overrides']] == [(role, {'wbits': 2})] and recorded['name'] == 'test rules',
          'the run records its recipe', recorded)
    return run, text


def same_by_command_line(database, folder, path, run, recorded):
    with open(path) as file:
        check(file.read() == recorded, 'the saved recipe is the one of the run')
    answer = subprocess.run([SPQR, 'quantize', SAMPLE, os.path.join(SAMPLE, 'calibration.txt'), '--recipe', path, '--out', folder,
                             '--db', os.path.join(os.path.dirname(database), 'other.db'), '--quiet'], capture_output=True, text=True)
    if not check(answer.returncode == 0, 'spqr quantize --recipe takes it', answer.stderr):
        return
    mine = {layer['name']: os.path.join(run['folder'], layer['file']) for layer in show(database, run)['layers']}
    theirs = {re.sub(r'^\d+-', '', name): os.path.join(folder, name) for name in os.listdir(folder) if name.endswith('.spqr')}
    different = [name for name, file in mine.items() if not filecmp.cmp(file, theirs.get(f'{name}.spqr', '/'), shallow=False)]
    check(len(mine) == 7 * BLOCKS and not different, 'and makes the same layers, bit by bit', different or f'{len(mine)} layers')


# ---- jobs ----

def order(studio):
    """The titles in the list of jobs, from the top."""
    return [label for label in studio.labels() if re.match(r'(Quantize|Calibrate) \w+$', label) and label != 'Quantize Model']


def holds_and_moves(studio, database):
    for windows in (2000, 3000):
        window = begin_quantization(studio, windows)
        studio.click(studio.find('Quantize', 'button'), window=window)
        studio.wait_no_window('Quantize Model')
    studio.wait_window('sample')
    studio.key('ctrl+shift+c')
    window = need(studio.wait_window('Calibrate All Layers'), 'a calibration, too')
    studio.click(studio.find('Calibrate', 'button'), window=window)
    studio.wait_no_window('Calibrate All Layers')
    studio.wait_window('sample')
    need(wait(lambda: last_run(database)['state'] == 'running', 20), 'the first job runs', last_run(database))
    studio.click(need(studio.find(r'Jobs.*', 'button'), 'the jobs'))
    need(says(studio, r'^\d+.% · .*CPU'), 'it tells progress and device', studio.labels())
    before = need(wait(lambda: len(order(studio)) >= 3 and order(studio), 5), 'all are listed', order(studio))
    check(before[-1] == 'Calibrate sample', 'the calibration waits at the end', before)
    named(studio, 'jobs')
    need(tab_to(studio, 'Pause this job'), 'the keyboard reaches Pause')
    studio.key('space')
    told = need(says(studio, r'· paused ·', 30), 'it is held', studio.labels())
    save(studio, 'jobs-paused')
    time.sleep(1)
    check(told in studio.labels(), 'and stays where it is', studio.labels())
    need(tab_to(studio, 'Do this job earlier'), 'the keyboard reaches the order')
    # Only the last of those that wait can go up; from there the keyboard stays with it.
    studio.key('alt+Up')
    after = wait(lambda: order(studio) != before and order(studio), 5)
    check(after and after[-2:] == before[:-3:-1], 'Alt+Up moves a job that waits', after)
    studio.key('alt+Down')
    check(wait(lambda: order(studio) == before, 5), 'Alt+Down moves it back: the keyboard has stayed with it', order(studio))
    need(tab_to(studio, 'Go on with this job'), 'the keyboard reaches Go on')
    studio.key('space')
    check(wait(lambda: not any('· paused ·' in label for label in studio.labels()) and says(studio, r'^\d+.% · ', 1), 10), 'it goes on', studio.labels())
    studio.key('Escape')
    return last_run(database)


def goes_on_after_a_crash(screen, database, cut):
    studio = Studio(screen, STUDIO, '--db', database, SAMPLE, **SCHEME)
    try:
        need(studio.wait_window('sample'), 'the window opens after the crash')
        check(says(studio, f'Run {cut["id"]} of sample: cut short at'), 'what was cut short is offered', studio.labels())
        studio.click(need(studio.find(r'Jobs.*', 'button'), 'the jobs'))
        check(says(studio, '^Unfinished Runs$'), 'the jobs list it, too', studio.labels())
        save(studio, 'unfinished')
        need(tab_to(studio, 'Go On'), 'the keyboard reaches it')
        studio.key('space')
        check(wait(lambda: next(row for row in query(database, f'select state from runs where id = {cut["id"]}'))[0] in ('running', 0), 20),
              'it goes on', query(database, f'select id, state from runs'))
        studio.key('Delete')
        check(not complaints(studio), 'no warnings after the crash', '\n'.join(complaints(studio)))
    finally:
        studio.end()


def complaints(studio):
    return [line for line in studio.errors().splitlines() if any(word in line for word in ('WARNING', 'CRITICAL', 'ERROR'))]


def main():
    os.makedirs(OUTPUT, exist_ok=True)
    global SAMPLE
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    screen = Screen(1400, 900)
    SAMPLE = shutil.copytree(SAMPLE, os.path.join(screen.folder, 'models', 'sample'))
    os.makedirs(os.path.join(screen.folder, 'spqr'))
    database = os.path.join(screen.folder, 'spqr', 'runs.db')
    recipe = os.path.join(screen.folder, 'rules.json')
    studio = Studio(screen, STUDIO, '--db', database, SAMPLE, **SCHEME)
    try:
        role = opens_layer(studio)
        tries(studio)
        applies(studio, role)
        shows_recipe(studio, role)
        run, recorded = quantizes(studio, database, role)
        studio.key('alt+2')
        saves_recipe(studio, recipe)
        same_by_command_line(database, os.path.join(screen.folder, 'by-command-line'), recipe, run, recorded)
        cut = holds_and_moves(studio, database)
        check(not complaints(studio), 'no warnings on standard error', '\n'.join(complaints(studio)))
        studio.process.kill()
        studio.process.wait()
        goes_on_after_a_crash(screen, database, cut)
    except Stop as stop:
        print(f'# What follows “{stop}” was not tried. Exit status {studio.process.poll()}, windows: {studio.windows()}\n# ' + studio.errors().replace('\n', '\n# '))
        screen.picture().save(os.path.join(OUTPUT, 'failed.png'))
    finally:
        studio.end()
        screen.close()
    print(f'1..{number}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
