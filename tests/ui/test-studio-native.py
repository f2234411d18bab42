#!/usr/bin/env python3
"""The studio as a program of the desktop: several models in tabs, preferences, what is remembered. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import hashlib
import os
import re
import shutil
import subprocess

from test_studio_driver import LIMIT, OUTPUT, SOURCE, Studio, check, need, note, run, wait
from test_studio_steps import open_quantization, wait_map


def tab_nodes(studio):
    """The tabs of models, left to right, each with its button."""
    nodes = studio.nodes()
    closers = [n for n in nodes if n.name == 'Close this tab' and n.shown()]
    by_path = {n.path: n for n in nodes}
    return sorted(((by_path[n.parent], n) for n in closers if n.parent in by_path), key=lambda pair: pair[0].extents()[0])


def tabs(studio):
    return [node.name for node, _ in tab_nodes(studio)]


def wait_tabs(studio, *names):
    """Whether these are the tabs, or become so."""
    return wait(lambda: tabs(studio) == list(names))


def write_recent(screen, location):
    """As if it had been open before."""
    folder = os.path.join(screen.environment['XDG_STATE_HOME'], 'spqr-studio')
    os.makedirs(folder)
    with open(os.path.join(folder, 'models.ini'), 'w') as file:
        file.write(f'[{hashlib.sha256(location.encode()).hexdigest()}]\nlocation={location}\nopened=1\n')


# ---- several models in tabs ----

def opens_tabs(studio):
    studio.wait_window('sample')
    check(tabs(studio) == [], 'one model needs no tabs', tabs(studio))
    studio.key('ctrl+t')
    check(studio.wait_window('SpQR Studio'), 'Ctrl+T makes an empty tab', studio.windows())
    need(wait_tabs(studio, 'sample', 'New Tab'), 'the tabs are shown', tabs(studio))
    row = need(studio.wait_for('other', 'label'), 'with the models opened before', studio.labels())
    studio.settle()
    studio.click(row)
    need(studio.wait_window('other'), 'a click opens one in the empty tab', studio.windows())
    check(wait_tabs(studio, 'sample', 'other'), 'the tab says which', tabs(studio))
    check(studio.wait_for('Map of the model'), 'and shows its map')


def selects_tabs(studio):
    studio.key('alt+2')
    check(studio.wait_state('Layer', 'tab', 'selected'), 'the page of one tab')
    studio.key('ctrl+Tab')
    need(studio.wait_window('sample'), 'Ctrl+Tab goes to the other', studio.windows())
    check(studio.wait_state('Map', 'tab', 'selected'), 'is not the page of the other')
    # The first file of the list is open already: its tab comes to the front.
    studio.key('ctrl+t')
    studio.wait_window('SpQR Studio')
    row = need(studio.wait_for('other', 'label'), 'a third tab')
    studio.settle()
    studio.click(row)
    check(studio.wait_window('other'), 'opening an open model goes to its tab', studio.windows())
    check(wait_tabs(studio, 'sample', 'other', 'New Tab'), 'and makes none', tabs(studio))
    close = need(next((close for node, close in tab_nodes(studio) if node.name == 'New Tab'), None), 'a tab has a button')
    studio.move(*studio.place(close))
    studio.settle()
    studio.click(close)
    check(wait_tabs(studio, 'sample', 'other'), 'which closes it', tabs(studio))


def reorders_tabs(studio):
    studio.settle()
    (left, _), (right, _) = tab_nodes(studio)[:2]
    (x0, y), (x1, _) = studio.place(left, 0.3), studio.place(right, 0.6)
    studio.drag(x0, y, x1 - x0, 0)
    check(wait_tabs(studio, 'other', 'sample'), 'a tab is drawn to another place', tabs(studio))
    studio.save('tabs')


def closes_tabs(studio):
    screen = studio.screen
    studio.click(tab_nodes(studio)[1][0])
    window = open_quantization(studio, 2000)
    need(studio.press('Quantize', window) and studio.wait_no_window('Quantize Model'), 'the model in front is quantized')
    need(screen.wait_run('running'), 'a job runs')
    studio.wait_window('sample')
    studio.key('ctrl+w')
    need(studio.wait_for('Keep Running', 'button'), 'closing its tab asks')
    studio.display.focus(studio.top_window()[0])
    studio.key('Escape')
    check(wait(lambda: studio.find('Keep Running', 'button') is None) and wait_tabs(studio, 'other', 'sample') and screen.runs('running'),
          'Escape keeps the tab and its job', tabs(studio))
    studio.wait_window('sample')
    studio.key('ctrl+Tab')
    studio.wait_window('other')
    studio.key('ctrl+w')
    check(studio.wait_window('sample') and screen.runs('running'), 'another model\'s tab closes at once, the job goes on', studio.windows())
    studio.key('ctrl+w')
    need(studio.wait_for('Cancel Jobs and Close', 'button'), 'closing the last tab asks')
    studio.press('Cancel Jobs and Close', studio.top_window())
    check(wait(lambda: studio.process.poll() is not None), 'and ends the program')
    check(studio.process.poll() == 0 and [r['state'] for r in screen.runs()] == ['cancelled'], 'no run is left running', screen.runs())


# ---- preferences, and what is remembered ----

def keyfile(screen):
    path = os.path.join(screen.environment['XDG_CONFIG_HOME'], 'glib-2.0', 'settings', 'keyfile')
    if not os.path.isfile(path):
        return {}
    with open(path) as file:
        return dict(line.strip().split('=', 1) for line in file if '=' in line)


def setting(screen, key, value):
    return wait(lambda: keyfile(screen).get(key) == value)


def brightness(studio):
    """Mean of the window's pixels, 0 to 255."""
    rows = studio.picture().rows[::8]
    return sum(sum(row[i] for i in range(1, len(row), 32)) / (len(row) / 32) for row in rows) / len(rows)


def choose(studio, row, steps):
    """Another entry of a list, by the keyboard."""
    need(studio.tab_to(row), f'the keyboard reaches “{row}”')
    studio.key('space')
    studio.choose(*['Down'] * steps, 'Return')


def sets_preferences(studio):
    screen = studio.screen
    need(studio.wait_window('sample'), 'the window opens')
    canvas = wait_map(studio)
    studio.settle()
    light = brightness(studio)
    studio.key('ctrl+comma')
    need(studio.wait_window('Preferences'), 'Ctrl+, opens the preferences')
    studio.settle()
    screen.picture().save(os.path.join(OUTPUT, 'preferences.png'))
    choose(studio, 'Light or dark', 2)
    check(setting(screen, 'appearance', "'dark'"), 'dark is remembered', keyfile(screen))
    check(wait(lambda: brightness(studio) < light - 80), 'and dark at once', f'{light:.0f} and {brightness(studio):.0f}')
    studio.settle()
    before = studio.picture(canvas)
    choose(studio, 'Colours of magnitudes', 1)
    check(setting(screen, 'colormap', "'tide'"), 'other colours are remembered', keyfile(screen))
    check(wait(lambda: studio.picture(canvas).differs(before, 0.1)), 'and the map is drawn in them at once')
    screen.picture().save(os.path.join(OUTPUT, 'preferences-dark.png'))
    choose(studio, 'Device', 1)
    check(setting(screen, 'device', "'cpu'"), 'a device is remembered', keyfile(screen))
    entry = need(studio.first(lambda n: n.name.startswith('History of runs') and n.role == 'text box'), 'the history has an entry')
    check(not entry.has('sensitive'), 'which is closed while --db says what it is')
    studio.end()


def takes_history(studio, path):
    """Puts a path into the preferences' entry of the history."""
    window = need(studio.wait_window('Preferences'), 'the preferences')
    entry = studio.wait_for('History of runs.*', 'text box')
    studio.settle()
    studio.fill(entry, path, window)
    studio.key('Return')


def remembers(screen):
    """Closed and begun again: as it was left; the history by its setting."""
    other = os.path.join(screen.folder, 'history', 'other.db')
    os.makedirs(os.path.dirname(other))
    studio = Studio(screen, screen.sample, GSETTINGS_BACKEND='keyfile')
    need(studio.wait_window('sample'), 'it begins again')
    wait_map(studio)
    studio.resize('sample', 1300, 750)
    check(brightness(studio) < 120, 'still dark', brightness(studio))

    def list_width():
        return studio.wait_for('Blocks and tensors').extents()[2]

    def widened():
        before = list_width()
        left, top = studio.top_window()[2:4]
        studio.drag(left + 5 + before, top + 400, 60, 0)
        return wait(lambda: list_width() > before + 40 and list_width(), 3)

    width = wait(widened)
    need(width, 'the list of tensors is drawn wider', list_width())
    studio.key('ctrl+comma')
    takes_history(studio, '/proc/no/such.db')
    need(studio.answer_message('such.db'), 'a history that cannot be is explained', studio.labels())
    check(setting(screen, 'database', repr(os.path.join(screen.environment['XDG_DATA_HOME'], 'spqr-studio', 'studio.db'))),
          'and not taken', keyfile(screen))
    takes_history(studio, other)
    check(wait(lambda: os.path.isfile(other)), 'another history at once')
    check(setting(screen, 'database', repr(other)), 'and remembered', keyfile(screen))
    studio.key('Escape')
    need(studio.wait_no_window('Preferences') and studio.wait_window('sample') and studio.wait_for('Map of the model'), 'with the same model')
    studio.key('alt+3')
    need(studio.wait_for('No runs yet'), 'which is empty')
    studio.key('alt+2')
    studio.wait_state('Layer', 'tab', 'selected')
    studio.key('ctrl+w')
    check(wait(lambda: studio.process.poll() == 0), 'it ends')
    studio = Studio(screen, screen.sample, GSETTINGS_BACKEND='keyfile')
    need(studio.wait_window('sample'), 'it begins once more')
    check(wait(lambda: studio.top_window()[4:6] == (1310, 760)), 'as large as it was', studio.windows())
    check(studio.wait_state('Layer', 'tab', 'selected'), 'on the page that was in front')
    check(wait(lambda: abs(list_width() - width) <= 2), 'the list as wide', f'{width} and {list_width()}')
    studio.end()


# ---- no visible text escapes translation ----

def make_pseudo_language(folder):
    """A language in which every text stands in brackets: what has none was never translated."""
    template, language = os.path.join(folder, 'all.pot'), os.path.join(folder, 'xx.po')
    keywords = ['_', 'N_', 'C_:1c,2', 'NC_:1c,2', 'ngettext:1,2', 'g_dngettext:2,3', 'g_dpgettext2:2c,3']
    subprocess.run(['xgettext', '--from-code=UTF-8', *[f'--keyword={k}' for k in keywords], '-f', 'po/POTFILES.in', '-o', template],
                   cwd=SOURCE, capture_output=True, check=True)
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
PROPER = re.compile(r'sample|other|\(None\)|Gtk\w+|Adw\w+|Spqr\w+|Icon|[qkvo]_proj|(gate|up|down)_proj|embedding|\w+_norm|output_head|head|lm_head|SpQR( Studio [\d.]+)?|GPTQ|RTN|'
                    r'act_order|identity|spearman|reference|true|false|A ⇄ B|CPU|F16|F32|BF16|cpu|.*[/~].*|\d+ · \w+|No Results Found|Try a different search\.|'
                    r'model\.[\w.]+|[\w.-]+\.(txt|json|db|safetensors)|Shortcuts|Keyboard Shortcuts|Search|Search Results|Search Shortcuts|Close|Minimize|Maximize|Ctrl|Alt|Shift|[A-Z0-9+?,.−-]|Tab|F\d+|Clear|'
                    r'Expand|Preferences')      # the last ones are GTK's and libadwaita's


def untranslated(studio):
    found = []
    for node in studio.nodes():
        name = node.name.strip()
        if name and not re.search('[⟦⟧]', name) and re.search('[A-Za-z]{3,}', name) and not PROPER.fullmatch(name) and node.shown():
            found.append(f'{node.role} “{name}”')
    return found


def no_text_left(studio, where):
    studio.settle()
    # What is only coming, such as a figure that is worked out, may first stand there as it is in the template.
    wait(lambda: not untranslated(studio), LIMIT / 9)
    left = untranslated(studio)
    check(not left, f'every text of the {where} is translated', '\n'.join(left))


def speaks(screen):
    if shutil.which('msgen') is None:
        note('gettext is not installed: texts are not looked at')
        return
    folder = os.path.join(screen.folder, 'languages')
    os.makedirs(folder)
    made, why = make_pseudo_language(folder)
    need(made, 'a language of brackets', why)
    studio = Studio(screen, '--db', screen.database, screen.sample, LANGUAGE='xx', SPQR_LOCALE_DIR=folder)
    need(studio.wait_window('sample') and studio.wait_for('⟦Map of the model⟧'), 'the window speaks it')
    for key, name in (('alt+1', 'map'), ('alt+2', 'layer'), ('alt+3', 'runs')):
        studio.wait_window('sample')
        studio.key(key)
        if name == 'layer':
            need(studio.wait_state('⟦Layer⟧', 'tab', 'selected'), 'the layer\'s page')
            studio.key('ctrl+f')
            need(wait(lambda: next(n for n in studio.nodes() if n.has('focused') and n.role in ('search box', 'text box'))), 'the filter')
            studio.type('down')
            studio.settle()
            studio.key('Tab', 'Down', 'Return')
            need(studio.wait_for('⟦Sensitivity⟧'), 'a layer')
        no_text_left(studio, f'page {name}')
    for key, name in (('ctrl+comma', 'preferences'), ('ctrl+shift+q', 'quantization'), ('ctrl+shift+c', 'calibration')):
        studio.wait_window('sample')
        studio.key(key)
        need(studio.wait_dialog(), f'the dialog {name} opens')
        no_text_left(studio, f'dialog {name}')
        studio.key('Escape')
        wait(lambda: len([w for w in studio.windows() if not w[6]]) == 1)


def tells_shortcuts(studio):
    need(studio.wait_window('sample'), 'the window opens on the first model')
    wait_map(studio)
    studio.key('ctrl+question')
    check(studio.says('^Quantize the model$'), 'the shortcuts are a key away', studio.labels())
    studio.settle()
    window = need(studio.wait_dialog(), 'in a window of their own', studio.windows())
    check(window[4] <= 1280 and window[5] <= 800, 'that a small screen has room for', window)
    studio.key('Escape')
    check(wait(lambda: len([w for w in studio.windows() if not w[6]]) == 1), 'which Escape closes', studio.windows())


def story(screen):
    other = shutil.copytree(screen.sample, os.path.join(screen.folder, 'models', 'other'))
    write_recent(screen, other)
    studio = Studio(screen)
    tells_shortcuts(studio)
    opens_tabs(studio)
    selects_tabs(studio)
    reorders_tabs(studio)
    closes_tabs(studio)
    sets_preferences(Studio(screen, '--db', screen.database, screen.sample, GSETTINGS_BACKEND='keyfile'))
    remembers(screen)
    speaks(screen)


run(story, 1440, 900)
