#!/usr/bin/env python3
"""The studio as a program of the desktop: several models in tabs, preferences, what is remembered. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import hashlib
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


def quiet(studio):
    """What it complained about."""
    return [line for line in studio.errors().splitlines() if any(word in line for word in ('WARNING', 'CRITICAL', 'ERROR'))]


def tab_nodes(studio):
    """The tabs of models, left to right, each with its button."""
    nodes = studio.nodes()
    closers = [n for n in nodes if n.name == 'Close this tab' and Studio._has_place(n)]
    by_path = {n.path: n for n in nodes}
    return sorted(((by_path[n.parent], n) for n in closers if n.parent in by_path), key=lambda pair: pair[0].extents()[0])


def tabs(studio):
    return [node.name for node, _ in tab_nodes(studio)]


def running(database):
    answer = subprocess.run([SPQR, 'runs', 'list', '--json', '--db', database], capture_output=True, text=True)
    return [run for run in json.loads(answer.stdout)['runs'] if run['state'] == 'running']


def write_recent(screen, location):
    """As if it had been open before."""
    folder = os.path.join(screen.environment['XDG_STATE_HOME'], 'spqr-studio')
    os.makedirs(folder)
    with open(os.path.join(folder, 'models.ini'), 'w') as file:
        file.write(f'[{hashlib.sha256(location.encode()).hexdigest()}]\nlocation={location}\nopened=1\n')


# ---- several models in tabs ----

def opens_tabs(studio, second):
    need(studio.wait_window('sample') and studio.wait_for('Map of the model'), 'the window opens on the first model')
    check(wait(lambda: tabs(studio) == [], 3), 'one model needs no tabs', tabs(studio))
    studio.key('ctrl+t')
    check(studio.wait_window('SpQR Studio', 5), 'Ctrl+T makes an empty tab', studio.windows())
    need(wait(lambda: tabs(studio) == ['sample', 'New Tab'], 5), 'the tabs are shown', tabs(studio))
    row = need(studio.wait_for('other', 'label', 5), 'with the models opened before', studio.labels())
    studio.click(row)
    need(studio.wait_window('other', 10), 'a click opens one in the empty tab', studio.windows())
    check(wait(lambda: tabs(studio) == ['sample', 'other'], 5), 'the tab says which', tabs(studio))
    check(studio.wait_for('Map of the model'), 'and shows its map')


def selects_tabs(studio, second):
    studio.key('alt+2')
    check(wait(lambda: studio.find('Layer', 'tab').has('selected'), 5), 'the page of one tab')
    studio.key('ctrl+Tab')
    need(studio.wait_window('sample', 5), 'Ctrl+Tab goes to the other', studio.windows())
    check(wait(lambda: studio.find('Map', 'tab').has('selected'), 5), 'is not the page of the other')
    # The first file of the list is open already: its tab comes to the front.
    studio.key('ctrl+t')
    studio.wait_window('SpQR Studio', 5)
    studio.click(need(studio.wait_for('other', 'label', 5), 'a third tab'))
    check(studio.wait_window('other', 5), 'opening an open model goes to its tab', studio.windows())
    check(wait(lambda: tabs(studio) == ['sample', 'other', 'New Tab'], 5), 'and makes none', tabs(studio))
    close = need(next((close for node, close in tab_nodes(studio) if node.name == 'New Tab'), None), 'a tab has a button')
    studio.screen.run('xdotool', 'mousemove', '--sync', *map(str, studio.place(close)), 'sleep', '0.3')
    studio.click(close)
    check(wait(lambda: tabs(studio) == ['sample', 'other'], 5), 'which closes it', tabs(studio))


def reorders_tabs(studio):
    (left, _), (right, _) = tab_nodes(studio)[:2]
    (x0, y), (x1, _) = studio.place(left, 0.3), studio.place(right, 0.6)
    studio.screen.run('xdotool', 'mousemove', '--sync', str(x0), str(y), 'sleep', '0.1', 'mousedown', '1')
    for step in range(1, 13):
        studio.screen.run('xdotool', 'mousemove', '--sync', str(x0 + (x1 - x0) * step // 12), str(y), 'sleep', '0.03')
    studio.screen.run('xdotool', 'mouseup', '1')
    check(wait(lambda: tabs(studio) == ['other', 'sample'], 5), 'a tab is drawn to another place', tabs(studio))


def closes_tabs(studio, database):
    studio.click(tab_nodes(studio)[1][0])
    studio.wait_window('sample', 5)
    studio.key('ctrl+shift+q')
    window = need(studio.wait_window('Quantize Model', 10), 'the model in front is quantized')
    entry = [n for n in studio.nodes() if n.name == 'Calibration windows' and n.role == 'text box' and Studio._has_place(n)][-1]
    while sum(entry.extents()[1::2]) > window[5] - 90:
        studio.screen.run('xdotool', 'mousemove', str(window[2] + 12), str(window[3] + window[5] // 2), 'click', '--repeat', '3', '5')
        time.sleep(0.2)
    studio.click(entry, window=window)
    studio.key('ctrl+a')
    studio.type('2000')
    studio.key('Return')
    studio.click(need(studio.wait_for('Quantize', 'button', 5), 'its dialog'), window=window)
    studio.wait_no_window('Quantize Model')
    need(wait(lambda: running(database), 30), 'a job runs')
    studio.wait_window('sample')
    studio.key('ctrl+w')
    need(studio.wait_for('Keep Running', 'button', 5), 'closing its tab asks')
    studio.key('Escape')
    check(wait(lambda: studio.find('Keep Running', 'button') is None, 5) and tabs(studio) == ['other', 'sample'] and running(database),
          'Escape keeps the tab and its job', tabs(studio))
    studio.wait_window('sample')
    studio.key('ctrl+Tab')
    studio.wait_window('other', 5)
    studio.key('ctrl+w')
    check(studio.wait_window('sample', 5) and running(database), 'another model\'s tab closes at once, the job goes on', studio.windows())
    begun = time.monotonic()
    studio.key('ctrl+w')
    studio.click(need(studio.wait_for('Cancel Jobs and Close', 'button', 5), 'closing the last tab asks'), window=studio.windows()[0])
    check(wait(lambda: studio.process.poll() is not None, 10), 'and ends the program', f'{time.monotonic() - begun:.2f} s')
    check(studio.process.poll() == 0 and not running(database), 'no run is left running', studio.process.poll())


# ---- preferences, and what is remembered ----

def keyfile(screen):
    path = os.path.join(screen.environment['XDG_CONFIG_HOME'], 'glib-2.0', 'settings', 'keyfile')
    if not os.path.isfile(path):
        return {}
    with open(path) as file:
        return dict(line.strip().split('=', 1) for line in file if '=' in line)


def setting(screen, key, value):
    return wait(lambda: keyfile(screen).get(key) == value, 5)


def brightness(studio):
    """Mean of the window's pixels, 0 to 255."""
    rows = studio.picture().rows[::8]
    return sum(sum(row[i] for i in range(1, len(row), 32)) / (len(row) / 32) for row in rows) / len(rows)


def choose(studio, row, steps):
    """Another entry of a list, by the keyboard: where a popover is, GTK 4.8 does not tell."""
    need(studio.tab_to(row, at_most=25), f'the keyboard reaches “{row}”')
    studio.key('space')
    time.sleep(0.4)
    studio.key(*['Down'] * steps)
    studio.key('Return')
    time.sleep(0.3)


def sets_preferences(screen, studio):
    need(studio.wait_window('sample') and studio.wait_for('Map of the model'), 'the window opens')
    studio.settle()
    light = brightness(studio)
    studio.key('ctrl+comma')
    window = need(studio.wait_window('Preferences', 10), 'Ctrl+, opens the preferences')
    studio.settle()
    screen.picture().save(os.path.join(OUTPUT, 'preferences.png'))
    choose(studio, 'Light or dark', 2)
    check(setting(screen, 'appearance', "'dark'"), 'dark is remembered', keyfile(screen))
    check(wait(lambda: brightness(studio) < light - 80, 5), 'and dark at once', f'{light:.0f} and {brightness(studio):.0f}')
    canvas = studio.find('Map of the model')
    before = studio.picture(canvas)
    choose(studio, 'Colours of magnitudes', 1)
    check(setting(screen, 'colormap', "'tide'"), 'other colours are remembered', keyfile(screen))
    check(wait(lambda: studio.picture(canvas).differs(before, 0.1), 5), 'and the map is drawn in them at once')
    screen.picture().save(os.path.join(OUTPUT, 'preferences-dark.png'))
    choose(studio, 'Device', 1)
    check(setting(screen, 'device', "'cpu'"), 'a device is remembered', keyfile(screen))
    return window


def other_database(screen, studio, database):
    entry = need(next((n for n in studio.nodes() if n.name.startswith('History of runs') and n.role == 'text box'), None),
                 'the history has an entry')
    check(not entry.has('sensitive'), 'which is closed while --db says what it is')
    return entry


def remembers(screen, database, model):
    """Closed and begun again: as it was left; the history by its setting."""
    other = os.path.join(screen.folder, 'history', 'other.db')
    os.makedirs(os.path.dirname(other))
    studio = Studio(screen, STUDIO, model, GSETTINGS_BACKEND='keyfile')
    try:
        window = need(studio.wait_window('sample') and studio.wait_for('Map of the model') and studio.wait_window('sample'), 'it begins again')
        screen.run('xdotool', 'windowsize', '--sync', window[0], '1200', '760')
        studio.settle()
        check(brightness(studio) < 120, 'still dark', brightness(studio))
        before = studio.wait_for('Blocks and tensors').extents()[2]
        _, _, left, top = studio.wait_window('sample')[:4]
        x, y = left + 5 + before, top + 400
        screen.run('xdotool', 'mousemove', '--sync', str(x), str(y), 'sleep', '0.2', 'mousedown', '1', 'mousemove', '--sync', str(x + 30), str(y),
                   'sleep', '0.1', 'mousemove', '--sync', str(x + 60), str(y), 'sleep', '0.1', 'mouseup', '1')
        width = wait(lambda: (lambda w: w if w > before + 40 else None)(studio.find('Blocks and tensors').extents()[2]), 5)
        check(width, 'the list of tensors is drawn wider', f'{before}')
        studio.key('ctrl+comma')
        window = need(studio.wait_window('Preferences', 10), 'the preferences')
        studio.click(studio.wait_for('History of runs.*', 'text box', 5), window=window)
        studio.key('ctrl+a')
        studio.type('/proc/no/such.db')
        studio.key('Return')
        message = studio.wait_for('Close', 'button', 10)
        need(message and any('such.db' in label for label in studio.labels()), 'a history that cannot be is explained', studio.labels())
        studio.key('Escape')
        window = need(studio.wait_window('Preferences', 10), 'the preferences again')
        check(setting(screen, 'database', repr(os.path.join(screen.environment['XDG_DATA_HOME'], 'spqr-studio', 'studio.db'))),
              'and not taken', keyfile(screen))
        studio.click(studio.wait_for('History of runs.*', 'text box', 5), window=window)
        studio.key('ctrl+a')
        studio.type(other)
        studio.key('Return')
        check(wait(lambda: os.path.isfile(other), 5), 'another history at once')
        check(setting(screen, 'database', repr(other)), 'and remembered', keyfile(screen))
        studio.key('Escape')
        need(studio.wait_window('sample', 10) and studio.wait_for('Map of the model'), 'with the same model')
        studio.key('alt+3')
        need(studio.wait_for('No runs yet'), 'which is empty')
        studio.key('alt+2')
        wait(lambda: studio.find('Layer', 'tab').has('selected'), 5)
        studio.key('ctrl+w')
        check(wait(lambda: studio.process.poll() == 0, 10), 'it ends')
        check(not quiet(studio), 'no warnings', '\n'.join(quiet(studio)))
        studio = Studio(screen, STUDIO, model, GSETTINGS_BACKEND='keyfile')
        window = need(studio.wait_window('sample'), 'it begins once more')
        check(wait(lambda: studio.wait_window('sample')[4:6] == (1200, 760), 3), 'as large as it was', studio.windows())
        check(wait(lambda: studio.find('Layer', 'tab').has('selected'), 5), 'on the page that was in front')
        again = studio.wait_for('Blocks and tensors').extents()[2]
        check(width and abs(again - width) <= 2, 'the list as wide', f'{width} and {again}')
        check(not quiet(studio), 'no warnings', '\n'.join(quiet(studio)))
    finally:
        studio.end()


# ---- no visible text escapes translation ----

def make_pseudo_language(folder):
    """A language in which every text stands in brackets: what has none was never translated."""
    source = os.environ.get('SPQR_SOURCE_ROOT', os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
    template, language = os.path.join(folder, 'all.pot'), os.path.join(folder, 'xx.po')
    keywords = ['_', 'N_', 'C_:1c,2', 'NC_:1c,2', 'ngettext:1,2', 'g_dngettext:2,3', 'g_dpgettext2:2c,3']
    subprocess.run(['xgettext', '--from-code=UTF-8', *[f'--keyword={k}' for k in keywords], '-f', 'po/POTFILES.in', '-o', template],
                   cwd=source, capture_output=True, check=True)
    subprocess.run(['msgen', '--no-wrap', template, '-o', language], check=True, capture_output=True)
    with open(language, encoding='utf-8') as file:
        header, _, rest = file.read().partition('\n\n')
    with open(language, 'w', encoding='utf-8') as file:
        file.write(re.sub(r'charset=[\w-]+', 'charset=UTF-8', header).replace('#, fuzzy\n', '').replace('nplurals=INTEGER; plural=EXPRESSION', 'nplurals=2; plural=n != 1') + '\n\n')
        for block in rest.split('\n\n'):
            # Only what begins with a letter: formats like “%s · %s” have nothing to translate.
            block = re.sub(r'^(msgstr(?:\[\d\])? )((?:"(?:[^"\\]|\\.)*"\n?)+)', lambda m: m[1] + bracket(m[2]), block, flags=re.M)
            file.write(block + '\n\n')
    target = os.path.join(folder, 'xx', 'LC_MESSAGES')
    os.makedirs(target)
    made = subprocess.run(['msgfmt', language, '-o', os.path.join(target, 'spqr-studio.mo')], capture_output=True, text=True)
    return made.returncode == 0, made.stderr


def bracket(literals):
    text = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))
    lines = re.fullmatch(r'((?:\\n|\s)*)(.*?)((?:\\n|\s)*)', text, re.S)
    return f'"{lines[1]}⟦{lines[2]}⟧{lines[3]}"\n' if lines[2] else literals


# Names of things, which are the same in every language.
PROPER = re.compile(r'sample|other|\(None\)|Gtk\w+|Adw\w+|Spqr\w+|Icon|[qkvo]_proj|(gate|up|down)_proj|embedding|\w+_norm|output_head|head|lm_head|spqr|gptq|rtn|SPQR|GPTQ|RTN|'
                    r'act_order|identity|spearman|none|reference|true|false|A ⇄ B|CPU|F16|F32|BF16|cpu|.*[/~].*|\d+ · \w+|No Results Found|Try a different search\.|'
                    r'model\.[\w.]+|[\w.-]+\.(txt|json|db|safetensors)|Shortcuts|Keyboard Shortcuts|Search|Search Results|Search Shortcuts|Close|Minimize|Maximize|Ctrl|Alt|Shift|[A-Z0-9+?,.−-]|Tab|F\d+|Clear|'
                    r'Expand|Preferences')      # the last ones are GTK's and libadwaita's


def untranslated(studio):
    found = []
    for node in studio.nodes():
        name = node.name.strip()
        if name and not re.search('[⟦⟧]', name) and re.search('[A-Za-z]{3,}', name) and not PROPER.fullmatch(name) and Studio._has_place(node):
            found.append(f'{node.role} “{name}”')
    return found


def speaks(screen, model):
    if shutil.which('msgen') is None:
        print('# gettext is not installed: texts are not looked at')
        return
    folder = os.path.join(screen.folder, 'languages')
    os.makedirs(folder)
    made, why = make_pseudo_language(folder)
    need(made, 'a language of brackets', why)
    studio = Studio(screen, STUDIO, '--db', os.path.join(screen.folder, 'runs.db'), model, LANGUAGE='xx', SPQR_LOCALE_DIR=folder)
    try:
        need(studio.wait_window('sample') and studio.wait_for('⟦Map of the model⟧'), 'the window speaks it')
        studio.settle()
        for key, name in (('alt+1', 'map'), ('alt+2', 'layer'), ('alt+3', 'runs')):
            studio.wait_window('sample')
            studio.key(key)
            if name == 'layer':
                studio.key('ctrl+f')
                studio.type('down')
                time.sleep(0.5)
                studio.key('Tab', 'Down', 'Return')
                studio.wait_for('⟦Sensitivity⟧', seconds=5)
            studio.settle()
            left = untranslated(studio)
            check(not left, f'every text of the page {name} is translated', '\n'.join(left))
        for key, name in (('ctrl+comma', 'preferences'), ('ctrl+shift+q', 'quantization'), ('ctrl+shift+c', 'calibration')):
            studio.wait_window('sample')
            studio.key(key)
            need(wait(lambda: len([w for w in studio.windows() if not w[6]]) > 1, 10), f'the dialog {name} opens')
            top = studio.windows()[0]
            screen.run('xdotool', 'windowfocus', '--sync', top[0])
            studio.settle()
            left = untranslated(studio)
            check(not left, f'every text of the dialog {name} is translated', '\n'.join(left))
            studio.key('Escape')
            wait(lambda: len([w for w in studio.windows() if not w[6]]) == 1, 5)
        check(not quiet(studio), 'no warnings', '\n'.join(quiet(studio)))
    finally:
        studio.end()


def main():
    os.makedirs(OUTPUT, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))       # past the time: what was started is ended first
    screen = Screen(1440, 900)
    first, second = (shutil.copytree(SAMPLE, os.path.join(screen.folder, 'models', name)) for name in ('sample', 'other'))
    database = os.path.join(screen.folder, 'runs.db')
    write_recent(screen, second)
    studio = Studio(screen, STUDIO, '--db', database, first)
    try:
        opens_tabs(studio, second)
        selects_tabs(studio, second)
        reorders_tabs(studio)
        screen.picture().save(os.path.join(OUTPUT, 'tabs.png'))
        closes_tabs(studio, database)
        check(not quiet(studio), 'no warnings', '\n'.join(quiet(studio)))
        studio = Studio(screen, STUDIO, '--db', database, first, GSETTINGS_BACKEND='keyfile')
        sets_preferences(screen, studio)
        other_database(screen, studio, database)
        check(not quiet(studio), 'no warnings', '\n'.join(quiet(studio)))
        studio.end()
        remembers(screen, database, first)
        speaks(screen, first)
    except Stop as stop:
        print(f'# What follows “{stop}” was not tried.\n# {studio.errors()}')
        screen.picture().save(os.path.join(OUTPUT, 'failed.png'))
    finally:
        studio.end()
        screen.close()
    print(f'1..{number}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
