#!/usr/bin/env python3
"""The studio, through its real window: opens the sample model, looks, tunes, calibrates, quantizes, cancels, exports,
meets bad input, is closed in the middle. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
With SPQR_UPDATE_SCREENSHOTS=1 the screenshots also go to data/screenshots/.
"""
import json
import os
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

from test_studio_driver import Screen, Studio, wait  # noqa: E402

STUDIO, SPQR, SAMPLE, OUTPUT = (os.path.abspath(argument) for argument in sys.argv[1:5])
SOURCE = os.environ.get('SPQR_SOURCE_ROOT', os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
MAIN_LOOP_LIMIT = 0.75       # seconds; two busy cores may keep a thread waiting for a while by themselves

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


def note(text):
    print(f'# {text}', flush=True)


class Stop(Exception):
    """What follows cannot be tried."""


def need(value, name, explanation=''):
    if not check(value, name, explanation):
        raise Stop(name)
    return value


# ---- small steps ----

def page(studio, name, landmark):
    """Shows a page by its key; landmark is something only it has."""
    studio.wait_window('sample')
    studio.key({'Map': 'alt+1', 'Layer': 'alt+2', 'Runs': 'alt+3'}[name])
    wait(lambda: any(n.name == name and n.role == 'tab' and n.has('selected') for n in studio.nodes()), 10)
    node = studio.wait_for(landmark, seconds=10)
    studio.settle()
    return node


def fill_entry(studio, name, text, window):
    """Replaces what an entry of a dialog holds."""
    entry = [n for n in studio.nodes() if n.name == name and n.role == 'text box' and n.extents()[2] > 0][-1]
    reveal(studio, entry, window)
    studio.click(entry, window=window)
    studio.key('ctrl+a')
    studio.type(text)
    return entry


def reveal(studio, node, window):
    """Scrolls a dialog until a thing is within it."""
    for _ in range(30):
        _, y, _, height = node.extents()
        if y + height < window[5] - 90:
            return
        studio.screen.run('xdotool', 'mousemove', str(window[2] + 12), str(window[3] + window[5] // 2), 'click', '--repeat', '3', '5')
        time.sleep(0.2)


def press(studio, name, window=None):
    node = studio.wait_for(name, 'button', 10)
    if node is not None:
        studio.click(node, window=window)
    return node


def answer_message(studio, contains):
    """Waits for a message dialog, gives what it says, closes it."""
    text = wait(lambda: next((label for label in studio.labels() if contains in label), None), 20)
    window = studio.windows()[0]
    studio.screen.run('xdotool', 'windowfocus', '--sync', window[0])
    studio.key('Escape')
    return text


def choose_file(studio, title, path):
    """Types a path into a file dialog."""
    window = studio.wait_window(title)
    if window is None:
        return False
    time.sleep(0.5)
    if title.startswith('Open'):
        studio.key('ctrl+l')
        time.sleep(0.3)
    studio.key('ctrl+a')
    studio.type(path)
    time.sleep(0.3)
    studio.key('Return')
    if not studio.wait_no_window(title, 3):
        studio.key('Return')            # the first may only have closed the list of completions
    return studio.wait_no_window(title, 10)


def runs(database):
    answer = subprocess.run([SPQR, 'runs', 'list', '--json', '--db', database], capture_output=True, text=True)
    return json.loads(answer.stdout)['runs'] if answer.returncode == 0 else []


def stray_files(folder):
    return [name for _, _, files in os.walk(folder) for name in files if not name.endswith(('.spqr', '.json')) or name.startswith('.')]


def quiet(studio):
    return [line for line in studio.errors().splitlines() if 'WARNING' in line or 'CRITICAL' in line or 'ERROR' in line]


# ---- the checks ----

def opens(studio):
    need(studio.wait_window('sample'), 'the window opens and is called after the model', studio.errors())
    canvas = need(studio.wait_for('Map of the model'), 'the map is there')
    drawn = wait(lambda: canvas.extents()[2] > 0 and studio.picture(canvas).n_colours() > 40, 10)
    seconds = time.monotonic() - studio.begun
    check(drawn and seconds < 10, 'the map is drawn soon', f'{seconds:.1f} s')
    note(f'first map after {seconds:.2f} s')
    check(any('LlamaForCausalLM' in label and 'MB' in label for label in studio.labels()), 'the strip says what the model is',
          studio.labels())
    return canvas


def named(studio, where):
    """Every control that takes the keyboard has a name; rows of lists are read by their labels."""
    nameless = [node for node in studio.nodes()
                if node.has('focusable') and node.role in ('button', 'switch', 'text box', 'search box', 'slider', 'combo box', 'tab', 'image')
                and (node.name == '' or node.name.startswith('Gtk'))]
    check(not nameless, f'every control has a name: {where}', '\n'.join(f'{node} {node.extents()}' for node in nameless))


def looks_inside(studio, canvas):
    studio.click(canvas, 0.42, 0.3)
    heat = wait(lambda: next((n for n in studio.nodes() if n.role == 'image' and '.weight' in n.name and n.extents()[2] > 200), None))
    need(heat, 'a click on a cell of the map shows that layer', [n for n in studio.nodes() if n.role == 'image'])
    drawn = wait(lambda: studio.picture(heat).n_colours() > 100, 10)
    check(drawn, 'the heat map is drawn', studio.picture(heat).n_colours())
    check('data-free' in ' '.join(studio.labels()).lower(), 'the layer says that it is data-free', studio.labels())
    studio.settle()
    before = studio.picture(heat)
    x, y = studio.place(heat, 0.4, 0.4)
    studio.screen.run('xdotool', 'mousemove', '--sync', str(x), str(y), 'click', '--repeat', '6', '--delay', '60', '4')
    studio.settle()
    check(before.differs(studio.picture(heat), 0.1), 'the wheel zooms the heat map')
    check(any('row' in label.lower() and any(c.isdigit() for c in label) for label in studio.labels()),
          'the pointer reads out row and column', studio.labels())
    press(studio, 'Fit')
    studio.settle()
    return heat


def tunes(studio):
    def figures():
        return [label for label in studio.labels() if any(c.isdigit() for c in label)]

    before = figures()
    entry = fill_entry(studio, 'Weight bits', '2', studio.windows()[-1])
    studio.key('Return')
    changed = wait(lambda: figures() != before, 10)
    check(changed and entry.text() == '2', 'typing a parameter changes the figures', entry.text())
    studio.key('ctrl+a')
    studio.type('99')
    studio.key('Return')
    check(wait(lambda: any('99' in label and ('bits' in label.lower() or 'wbits' in label) for label in studio.labels()), 5),
          'a value out of range is explained', studio.labels())
    studio.key('ctrl+a')
    studio.type('3')
    studio.key('Return')
    studio.settle()
    check(entry.text() == '3', 'and can be taken back', entry.text())


def calibrates(studio):
    need(press(studio, 'Calibrate…') if studio.find('Calibrate…', 'button') else None, 'the layer can be calibrated')
    window = need(studio.wait_window('Calibrate This Layer'), 'the calibration dialog opens')
    named(studio, 'calibration')
    fill_entry(studio, 'Calibration windows', '32', window)
    studio.key('Return')                # takes the number
    press(studio, 'Calibrate', window)
    check(studio.wait_no_window('Calibrate This Layer'), 'the dialog closes')
    check(wait(lambda: 'calibrated' in [label.lower() for label in studio.labels()], 60), 'the layer says that it is calibrated', studio.labels())
    studio.settle()


def start_quantization(studio, windows):
    studio.wait_window('sample')
    studio.key('ctrl+shift+q')
    window = need(studio.wait_window('Quantize Model'), 'the quantization dialog opens by its key')
    fill_entry(studio, 'Calibration windows', str(windows), window)
    studio.key('Return')
    return window


def cancels(studio, database):
    window = start_quantization(studio, 2000)
    named(studio, 'quantization')
    press(studio, 'Quantize', window)
    studio.wait_no_window('Quantize Model')
    need(wait(lambda: any(run['state'] == 'running' for run in runs(database)), 30), 'a quantization runs', runs(database))
    jobs = studio.find('Jobs.*', 'button')
    need(jobs, 'the jobs button has a name')
    studio.click(jobs)
    need(wait(lambda: any('%' in label and len(label) > 6 for label in studio.labels()), 10), 'its progress is told', studio.labels())
    studio.settle(0.2)
    studio.picture().save(os.path.join(OUTPUT, 'jobs.png'))
    # Where a popover is, GTK 4.8 does not tell: the keyboard goes there instead of the pointer.
    need(studio.tab_to('Cancel this job'), 'the keyboard reaches its Cancel')
    studio.key('space')
    check(wait(lambda: any(run['state'] == 'cancelled' for run in runs(database)), 10), 'Cancel: the database says cancelled', runs(database))
    check(wait(lambda: 'Cancelled' in studio.labels(), 5), 'Cancel: the popover says so')
    folder = runs(database)[-1]['folder']
    check(os.path.isdir(folder) and not stray_files(folder), 'Cancel: no stray file', f'{folder}: {stray_files(folder)}')
    studio.key('Escape')


def quantizes(studio, database):
    since = time.monotonic()
    window = start_quantization(studio, 64)
    press(studio, 'Quantize', window)
    studio.wait_no_window('Quantize Model')
    studio.wait_window('sample')
    # What a person does meanwhile.
    for key in ('alt+1', 'alt+2', 'alt+1'):
        studio.key(key)
        time.sleep(0.7)
    done = wait(lambda: next((run for run in runs(database) if run['state'] == 'finished' and run['ppl'] is not None), None), 120)
    need(done, 'a quantization ends, measured before and after', runs(database))
    gaps = studio.gaps(since)
    check(not gaps or gaps[0][0] < MAIN_LOOP_LIMIT, 'the window stays live meanwhile', f'pauses of the main loop: {gaps[:5]}')
    longest = ', '.join(f'{1000 * gap:.0f} ms ({1000 * busy:.0f} at work)' for gap, busy in gaps[:5])
    note(f'{len(gaps)} pauses of the main loop above a frame, longest: {longest}')
    check(done['ppl_base'] < done['ppl'] < 1.5 * done['ppl_base'], 'its perplexity is plausible', done)
    return done


def lists_runs(studio, done):
    need(page(studio, 'Runs', 'Filter runs'), 'the runs are a key away')
    figure = f'{done["ppl"]:.4f}'
    check(wait(lambda: figure in studio.labels(), 10), 'the run is in the table with its perplexity', figure)
    check(wait(lambda: any('cancelled at' in label for label in studio.labels()), 5), 'and so is the cancelled one', studio.labels())
    studio.click(need(studio.wait_for(figure, 'label', 10), 'its row is there'))
    check(wait(lambda: any(n.name == 'Export…' and n.has('sensitive') for n in studio.nodes()), 5), 'a click selects it')
    named(studio, 'runs')


def exports(studio, done, folder):
    target = os.path.join(folder, 'exported')
    studio.wait_window('sample')
    press(studio, 'Export…')
    need(choose_file(studio, 'Export as a Hugging Face Folder', target), 'the export dialog takes a path')
    need(wait(lambda: os.path.isfile(os.path.join(target, 'config.json')), 60), 'the export is written', studio.labels())
    answer = subprocess.run([SPQR, 'eval', target, '--data', os.path.join(SAMPLE, 'evaluation.txt'), '--json'], capture_output=True, text=True)
    ppl = json.loads(answer.stdout)['ppl'] if answer.returncode == 0 else None
    check(ppl == done['ppl'], 'the exported folder measures exactly what the run measured', f'{ppl} and {done["ppl"]}\n{answer.stderr}')
    check(not [name for name in os.listdir(folder) if name.startswith(('.', 'exported.'))], 'nothing but the export is left',
          os.listdir(folder))


def bad_models(folder):
    """(path, what the message has to name)"""
    empty, truncated, pointer = (os.path.join(folder, name) for name in ('no-model', 'truncated', 'pointer'))
    os.makedirs(empty)
    with open(os.path.join(empty, 'notes.txt'), 'w') as file:
        file.write('nothing\n')
    for path in (truncated, pointer):
        os.makedirs(path)
        for name in ('config.json', 'tokenizer.json'):
            shutil.copy(os.path.join(SAMPLE, name), path)
    with open(os.path.join(SAMPLE, 'model.safetensors'), 'rb') as file:
        start = file.read(200000)
    with open(os.path.join(truncated, 'model.safetensors'), 'wb') as file:
        file.write(start)
    with open(os.path.join(pointer, 'model.safetensors'), 'w') as file:
        file.write('version https://git-lfs.github.com/spec/v1\noid sha256:' + '0' * 64 + '\nsize 7086632\n')
    return [(empty, 'no-model'), (truncated, 'model.safetensors'), (pointer, 'LFS')]


def survives(studio, folder):
    for path, says in bad_models(folder):
        studio.wait_window('sample')
        studio.key('ctrl+o')
        if not check(choose_file(studio, 'Open a Model Folder', path), f'the open dialog takes {os.path.basename(path)}'):
            continue
        text = answer_message(studio, says)
        check(text, f'a message about {os.path.basename(path)}', studio.labels())
        note(text)
        check(wait(lambda: studio.windows()[0][1] == 'sample', 5) and any('LlamaForCausalLM' in label for label in studio.labels()),
              f'the session is still there after {os.path.basename(path)}', studio.windows())


def newer_database(screen, folder):
    database = os.path.join(folder, 'future.db')
    runs(database)                      # makes it
    connection = sqlite3.connect(database)
    connection.execute('PRAGMA user_version = 9999')
    connection.commit()
    connection.close()
    studio = Studio(screen, STUDIO, '--db', database, SAMPLE)
    try:
        text = answer_message(studio, 'newer')
        check(text, 'a database of a newer version: a message', studio.labels())
        note(text)
        check(studio.wait_for('Map of the model') and studio.wait_window('sample'), 'a database of a newer version: the window opens all the same')
        check(not quiet(studio), 'a database of a newer version: no warnings', '\n'.join(quiet(studio)))
    finally:
        studio.end()


def closes(studio, database):
    window = start_quantization(studio, 2000)
    press(studio, 'Quantize', window)
    studio.wait_no_window('Quantize Model')
    wait(lambda: any(run['state'] == 'running' for run in runs(database)), 30)
    studio.wait_window('sample')
    studio.key('ctrl+w')
    asked = wait(lambda: studio.find('Cancel Jobs and Close', 'button'), 10)
    need(asked, 'closing in the middle of a job asks')
    check(studio.process.poll() is None, 'and waits for the answer')
    begun = time.monotonic()
    studio.click(asked, window=studio.windows()[0])
    ended = wait(lambda: studio.process.poll() is not None, 10)
    seconds = time.monotonic() - begun
    check(ended and seconds < 2, '“Cancel Jobs and Close” ends the program within 2 s', f'{seconds:.2f} s')
    check(studio.process.poll() == 0, 'with exit status 0', studio.process.poll())
    check(not any(run['state'] == 'running' for run in runs(database)), 'and no run is left running', runs(database))


def save_screenshots(studio, suffix, figure):
    """The three pages; the map in the colours of the run. The pointer is out of the way: what it would show is chance."""
    page(studio, 'Runs', 'Filter runs')
    studio.click(need(studio.wait_for(figure, 'label', 10), 'the finished run is in the table'))
    studio.settle()
    press(studio, 'Show on Map')
    wait(lambda: any(label.startswith('of run ') for label in studio.labels()), 10)
    for name, landmark in (('map', 'Map of the model'), ('layer', 'Weight bits'), ('runs', 'Filter runs')):
        studio.screen.run('xdotool', 'mousemove', '1900', '1070')
        page(studio, name.capitalize(), landmark)
        time.sleep(0.3)
        studio.settle()
        picture = studio.picture()
        path = os.path.join(OUTPUT, f'{name}{suffix}.png')
        picture.save(path)
        check(picture.n_colours() > 100, f'screenshot {name}{suffix}.png', picture.n_colours())
        if os.environ.get('SPQR_UPDATE_SCREENSHOTS') == '1':
            os.makedirs(os.path.join(SOURCE, 'data', 'screenshots'), exist_ok=True)
            shutil.copy(path, os.path.join(SOURCE, 'data', 'screenshots'))


def in_the_dark(screen, database, done):
    """The same again with a dark theme, over the runs there are: calibrated, a run shown on the map."""
    studio = Studio(screen, STUDIO, '--db', database, SAMPLE, ADW_DEBUG_COLOR_SCHEME='prefer-dark')
    try:
        need(studio.wait_window('sample'), 'the window opens in the dark')
        canvas = studio.wait_for('Map of the model')
        resize(studio)
        wait(lambda: canvas.extents()[2] > 0 and studio.picture(canvas).n_colours() > 40, 10)
        studio.click(canvas, 0.42, 0.3)
        studio.wait_for('Calibrate…', 'button')
        calibrates(studio)
        save_screenshots(studio, '-dark', f'{done["ppl"]:.4f}')
        check(not quiet(studio), 'in the dark: no warnings', '\n'.join(quiet(studio)))
    finally:
        studio.end()


def resize(studio):
    """1280 × 800 within the frame that a window manager would have drawn."""
    window = studio.wait_window('sample')
    studio.screen.run('xdotool', 'windowsize', '--sync', window[0], '1290', '810')
    studio.settle()


def main():
    os.makedirs(OUTPUT, exist_ok=True)
    global SAMPLE
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))       # past the time: what was started is ended first
    screen = Screen()
    # As at home: the screenshots show the paths.
    SAMPLE = shutil.copytree(SAMPLE, os.path.join(screen.folder, 'models', 'sample'))
    os.makedirs(os.path.join(screen.folder, 'spqr'))
    database = os.path.join(screen.folder, 'spqr', 'runs.db')
    studio = Studio(screen, STUDIO, '--db', database, SAMPLE)
    try:
        canvas = opens(studio)
        resize(studio)
        named(studio, 'map')
        looks_inside(studio, canvas)
        named(studio, 'layer')
        tunes(studio)
        calibrates(studio)
        cancels(studio, database)
        done = quantizes(studio, database)
        lists_runs(studio, done)
        save_screenshots(studio, '', f'{done["ppl"]:.4f}')
        work = os.path.join(screen.folder, 'work')
        os.makedirs(work)
        page(studio, 'Runs', 'Filter runs')
        exports(studio, done, work)
        survives(studio, os.path.join(screen.folder))
        closes(studio, database)
        check(not quiet(studio), 'no warnings on standard error', '\n'.join(quiet(studio)))
        in_the_dark(screen, database, done)
        newer_database(screen, screen.folder)
    except Stop as stop:
        note(f'What follows “{stop}” was not tried.')
        note(f'Windows: {studio.windows()}')
        note(studio.errors())
        screen.picture().save(os.path.join(OUTPUT, 'failed.png'))
    finally:
        studio.end()
        screen.close()
    print(f'1..{number}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
