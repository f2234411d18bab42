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
import sqlite3
import subprocess

from test_studio_driver import LIMIT, SPQR, Studio, check, need, run, wait
from test_studio_steps import check_named, fill_windows, open_layer, open_quantization, start_quantization, wait_map

SUFFIX, SCHEME = ('-dark', {'ADW_DEBUG_COLOR_SCHEME': 'prefer-dark'}) if os.environ.get('SPQR_DARK') == '1' else ('', {})

BLOCKS = 4       # of the sample model, each of seven layers


def save(studio, name, window=None):
    studio.save(f'{name}{SUFFIX}', window)


def state_of(database, run_id):
    connection = sqlite3.connect(f'file:{database}?mode=ro', uri=True)
    try:
        return connection.execute(f'select state from runs where id = {run_id}').fetchone()[0]
    finally:
        connection.close()


# ---- tuning ----

def opens_layer(studio):
    need(studio.wait_window('sample'), 'the window opens', studio.errors())
    open_layer(studio, wait_map(studio))
    return need(studio.says(r'^Block \d+ · \w+_proj$'), 'its name stands above it').split(' · ')[1]


def tries(studio):
    """One key back and forth, from within the entry in which a number was typed."""
    entry = studio.entry('Weight bits')
    bits = entry.text
    studio.fill(entry, '2')
    studio.key('Return')
    check(studio.says(r'^[▲▼] [\d.]+.pp$'), 'the error moves, and by how much is told', studio.labels())
    studio.key('ctrl+b')
    check(wait(lambda: bits() == '3'), 'Ctrl+B: the setting before', bits())
    studio.key('ctrl+b')
    check(wait(lambda: bits() == '2'), 'Ctrl+B again: this one', bits())
    studio.key('ctrl+z')
    check(wait(lambda: bits() == '3'), 'Ctrl+Z takes it back', bits())
    studio.key('ctrl+shift+z')
    check(wait(lambda: bits() == '2'), 'Ctrl+Shift+Z brings it again', bits())
    studio.key('F1')
    check(studio.says('one bit more costs one bit a weight'), 'F1 says what the parameter does and costs', studio.labels())
    studio.key('Escape')
    studio.says_no_more('one bit more costs one bit a weight', LIMIT / 30)
    studio.settle()


def applies(studio, role):
    need(studio.press('Apply To'), 'the parameters can be applied')
    save(studio, 'apply')
    studio.choose('Down', 'Return')     # This Layer, then its kind
    check(studio.says(f'In the recipe: {role} in Every Block'), 'a toast says to what', studio.labels())
    check(studio.wait_for('Recipe · 1 Rule…', 'button'), 'the recipe has a rule', [n.name for n in studio.nodes() if n.role == 'button'])
    entry = studio.entry('Weight bits')
    studio.click(entry)
    studio.key('ctrl+shift+l')
    check(studio.wait_for('Recipe · 1 Rule…', 'button'), 'the same once more changes nothing')
    check(studio.says('This layer in the recipe: as here'), 'what the recipe says of this layer is told', studio.labels())
    studio.retype(entry, '4')
    studio.key('Return')
    check(studio.says('This layer in the recipe: Weight bits.2'), 'and where it is not what is at hand', studio.labels())
    studio.press('Apply To')
    studio.choose('Down', 'Down', 'Down', 'Down', 'Down', 'Return')
    check(wait(lambda: entry.text() == '2'), 'it can be taken from there', entry.text())


def shows_recipe(studio, role):
    studio.key('ctrl+r')
    window = need(studio.wait_window('Recipe'), 'Ctrl+R shows the recipe')
    check(studio.says(f'^{role} in every block$') and studio.says(r'^Weight bits.2$') and studio.says(f'^{BLOCKS} layers$'),
          'what matches, what it sets, in how many layers', studio.labels())
    check(studio.says(f'{7 * BLOCKS} layers at \\d\\.\\d+ bits per weight'), 'and what it costs', studio.labels())
    name = studio.entry('Name')
    studio.fill(name, 'test rules', window)
    studio.key('Return')
    studio.key('ctrl+z')
    check(wait(lambda: name.text() == ''), 'Ctrl+Z takes the name back', name.text())
    studio.key('ctrl+z')
    check(studio.says_no_more(f'^{role} in every block$'), 'and the rule', studio.labels())
    studio.key('ctrl+shift+z', 'ctrl+shift+z')
    check(wait(lambda: name.text() == 'test rules') and studio.says(f'^{role} in every block$'),
          'Ctrl+Shift+Z brings both again', studio.labels())
    check_named(studio, 'recipe')
    save(studio, 'recipe', window)
    studio.key('Escape')
    need(studio.wait_no_window('Recipe'), 'Escape closes it')


def saves_recipe(studio, path):
    studio.wait_window('sample')
    studio.key('ctrl+r')
    need(studio.wait_window('Recipe'), 'the recipe again')
    studio.key('ctrl+s')
    need(studio.choose_file('Save Recipe', path), 'Ctrl+S asks where')
    need(wait(lambda: os.path.isfile(path)), 'the recipe is saved')
    studio.wait_window('Recipe')
    studio.key('Escape')
    studio.wait_no_window('Recipe')


# ---- quantizing by the recipe ----

def refuses(studio, window):
    """More windows than any memory holds: told with numbers, and not begun."""
    check(studio.says('this needs about .* of memory .* is available') and studio.wait_state('Quantize', 'button', 'not sensitive'),
          'what cannot fit is refused, with the numbers', studio.labels())
    fill_windows(studio, window, 16)
    check(studio.wait_state('Quantize', 'button', 'sensitive'), 'less can be begun')


def quantizes(studio, role):
    window = open_quantization(studio, 64)
    check(studio.says('layers of .* need about .* of memory'), 'it says what it will take', studio.labels())
    save(studio, 'quantize-recipe', window)
    check(f'{role} in every block' in studio.labels() and 'Parameters of All Other Layers' in studio.labels(),
          'the dialog shows the recipe', studio.labels())
    fill_windows(studio, window, 1000000)
    refuses(studio, window)
    studio.press('Quantize', window)
    need(studio.wait_no_window('Quantize Model'), 'it begins')
    need(studio.says('sample is quantized'), 'a toast says that it has ended', studio.labels())
    (run,) = studio.screen.runs('finished')
    studio.wait_window('sample')
    studio.click(need(studio.find('Show', 'button'), 'with a button'))
    check(studio.wait_state('Runs', 'tab', 'selected'), 'that shows the runs')
    shown = studio.screen.spqr('runs', 'show', run['id'])
    wrong = [layer for layer in shown['layers'] if (round(layer['bits'] - 0.625 - 32 * layer['outlier_share'], 3) == 2) != (layer['role'] == role)]
    check(not wrong, 'the layers have the bits of the recipe', wrong)
    text = shown['recipe']
    recorded = json.loads(text)
    check([(rule['role'], rule['set']) for rule in recorded['overrides']] == [(role, {'wbits': 2})] and recorded['name'] == 'test rules',
          'the run records its recipe', recorded)
    return run, text


def same_by_command_line(screen, path, run, recorded):
    folder = os.path.join(screen.folder, 'by-command-line')
    with open(path) as file:
        check(file.read() == recorded, 'the saved recipe is the one of the run')
    answer = subprocess.run([SPQR, 'quantize', screen.sample, os.path.join(screen.sample, 'calibration.txt'), '--recipe', path, '--out', folder,
                             '--db', os.path.join(screen.folder, 'other.db'), '--quiet'], capture_output=True, text=True)
    if not check(answer.returncode == 0, 'spqr quantize --recipe takes it', answer.stderr):
        return
    mine = {layer['name']: os.path.join(run['folder'], layer['file']) for layer in screen.spqr('runs', 'show', run['id'])['layers']}
    theirs = {re.sub(r'^\d+-', '', name): os.path.join(folder, name) for name in os.listdir(folder) if name.endswith('.spqr')}
    different = [name for name, file in mine.items() if not filecmp.cmp(file, theirs.get(f'{name}.spqr', '/'), shallow=False)]
    check(len(mine) == 7 * BLOCKS and not different, 'and makes the same layers, bit by bit', different or f'{len(mine)} layers')


# ---- jobs ----

def order(studio):
    """The titles in the list of jobs, from the top."""
    return [label for label in studio.labels() if re.match(r'(Quantize|Calibrate) \w+$', label) and label != 'Quantize Model']


def holds_and_moves(studio):
    for windows in (2000, 3000):
        start_quantization(studio, windows)
    studio.key('ctrl+shift+c')
    window = need(studio.wait_window('Calibrate All Layers'), 'a calibration, too')
    studio.press('Calibrate', window)
    studio.wait_no_window('Calibrate All Layers')
    studio.wait_window('sample')
    need(studio.screen.wait_run('running'), 'the first job runs', studio.screen.runs())
    studio.click(need(studio.wait_for(r'Jobs.*', 'button'), 'the jobs'))
    need(studio.says(r'^\d+.% · .*CPU'), 'it tells progress and device', studio.labels())
    before = need(wait(lambda: len(order(studio)) >= 3 and order(studio)), 'all are listed', order(studio))
    check(before[-1] == 'Calibrate sample', 'the calibration waits at the end', before)
    check_named(studio, 'jobs')
    need(studio.tab_to('Pause this job'), 'the keyboard reaches Pause')
    studio.key('space')
    told = need(studio.says(r'· paused ·'), 'it is held', studio.labels())
    save(studio, 'jobs-paused')
    check(not wait(lambda: told not in studio.labels(), 1), 'and stays where it is', studio.labels())
    need(studio.tab_to('Do this job earlier'), 'the keyboard reaches the order')
    # Only the last of those that wait can go up; from there the keyboard stays with it.
    studio.key('alt+Up')
    after = wait(lambda: order(studio) != before and order(studio))
    check(after and after[-2:] == before[:-3:-1], 'Alt+Up moves a job that waits', after)
    studio.key('alt+Down')
    check(wait(lambda: order(studio) == before), 'Alt+Down moves it back: the keyboard has stayed with it', order(studio))
    need(studio.tab_to('Go on with this job'), 'the keyboard reaches Go on')
    studio.key('space')
    check(studio.says_no_more('· paused ·') and studio.says(r'^\d+.% · '), 'it goes on', studio.labels())
    studio.key('Escape')
    return studio.screen.runs()[-1]['id']


def goes_on_after_a_crash(screen, cut):
    studio = Studio(screen, '--db', screen.database, screen.sample, **SCHEME)
    need(studio.wait_window('sample'), 'the window opens after the crash')
    check(studio.says(f'Run {cut} of sample: cut short at'), 'what was cut short is offered', studio.labels())
    studio.click(need(studio.wait_for(r'Jobs.*', 'button'), 'the jobs'))
    check(studio.says('^Unfinished Runs$'), 'the jobs list it, too', studio.labels())
    save(studio, 'unfinished')
    need(studio.tab_to('Go On'), 'the keyboard reaches it')
    studio.key('space')
    check(wait(lambda: state_of(screen.database, cut) == 'running'), 'it goes on', screen.runs())
    studio.key('Delete')
    studio.end()


def story(screen):
    recipe = os.path.join(screen.folder, 'rules.json')
    studio = Studio(screen, '--db', screen.database, screen.sample, **SCHEME)
    role = opens_layer(studio)
    tries(studio)
    applies(studio, role)
    shows_recipe(studio, role)
    done, recorded = quantizes(studio, role)
    studio.key('alt+2')
    saves_recipe(studio, recipe)
    same_by_command_line(screen, recipe, done, recorded)
    cut = holds_and_moves(studio)
    studio.process.kill()
    studio.process.wait()
    goes_on_after_a_crash(screen, cut)


run(story, 1400, 900)
