#!/usr/bin/env python3
"""The studio as a program of the desktop: several models in tabs. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import hashlib
import json
import os
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
