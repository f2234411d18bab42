#!/usr/bin/env python3
"""No visible text escapes translation, and every translation is whole. Prints TAP.

Argument: the source tree. Needs xgettext, msgmerge and msgfmt.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.path.abspath(sys.argv[1])
number = failures = 0

if any(shutil.which(tool) is None for tool in ('xgettext', 'msgmerge', 'msgfmt', 'msgattrib')):
    print('1..0 # SKIP gettext is not installed')
    sys.exit(0)


def check(problems, name):
    global number, failures
    number += 1
    print(f'{"not ok" if problems else "ok"} {number} - {name}')
    failures += bool(problems)
    for problem in problems:
        print(f'# {problem}')


def run(*command):
    return subprocess.run(command, cwd=SOURCE, capture_output=True, text=True)


def read(path):
    with open(os.path.join(SOURCE, path), encoding='utf-8') as file:
        return file.read()


def sources(*folders, endings):
    for folder in folders:
        for where, _, names in os.walk(os.path.join(SOURCE, folder)):
            for name in names:
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(where, name), SOURCE)


def without_comments(text):
    return re.sub(r'/\*.*?\*/', lambda m: re.sub(r'[^\n]', ' ', m[0]), text, flags=re.S)


MARKED = re.compile(r'(?<![\w])(?:_|N_|C_|NC_|ngettext|g_dngettext|g_dpgettext2) ?\((?!String\))')


def potfiles():
    return [line.strip() for line in read('po/POTFILES.in').splitlines() if line.strip() and not line.startswith('#')]


def files_with_texts():
    for path in sources('app', 'core', 'ui', endings=('.c', '.h')):
        if MARKED.search(without_comments(read(path))):
            yield path
    for path in sources('resources', endings='.ui'):
        if 'translatable="yes"' in read(path):
            yield path


def check_potfiles():
    listed = potfiles()
    check([path for path in listed if not os.path.isfile(os.path.join(SOURCE, path))], 'what POTFILES.in lists is there')
    check([path for path in sorted(files_with_texts()) if path not in listed], 'POTFILES.in lists every file with texts')
    check([] if listed == sorted(set(listed)) else ['not sorted'], 'POTFILES.in is sorted')


# ---- texts that nobody has marked ----

SHOWN = re.compile(r'\b(gtk_label_new|gtk_label_set_(?:label|text|markup)|gtk_button_new_with_(?:label|mnemonic)|gtk_button_set_label|'
                   r'gtk_check_button_new_with_(?:label|mnemonic)|gtk_toggle_button_new_with_(?:label|mnemonic)|gtk_widget_set_tooltip_(?:text|markup)|'
                   r'gtk_window_set_title|adw_\w+_set_(?:title|subtitle|description|heading|body|label)|adw_toast_new|adw_message_dialog_new|'
                   r'gtk_entry_set_placeholder_text|g_menu_append|g_menu_item_new|spqr_chart_set_name|spqr_job_new|spqr_window_toast|'
                   r'gtk_column_view_column_new|gtk_string_list_append|adw_message_dialog_add_response) ?\(')
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
WORD = re.compile(r'[A-Za-zÄÖÜäöü]{3,}')
TEXT = r'"(?:[^"\\]|\\.)*"'
INNER = re.compile(r'(?<!\w)(?:_|N_|C_|ngettext|g_object_get_data) ?\((?:[^()"]|' + TEXT + r'|\([^()]*\))*\)')
ACTION = re.compile(r'[a-z-]+(\.[a-z-]+)+(::[a-z-]+)?')


def call_at(text, start):
    """The call that begins at start, to its closing bracket."""
    depth, at = 0, text.index('(', start)
    quoted = False
    for i in range(at, len(text)):
        c = text[i]
        if c == '"' and text[i - 1] != '\\':
            quoted = not quoted
        elif not quoted and c == '(':
            depth += 1
        elif not quoted and c == ')':
            depth -= 1
            if depth == 0:
                return text[at + 1:i]
    return text[at + 1:]


# Not words: an answer's name in a program, a name in a figure, a unit.
NAMES = {'adw_message_dialog_add_response': 1}


def check_literals():
    found = []
    for path in sources('ui', 'app/studio', endings='.c'):
        text = without_comments(read(path))
        for match in SHOWN.finditer(text):
            call = INNER.sub('', call_at(text, match.start()))
            literals = LITERAL.findall(call)[NAMES.get(match[1], 0):]
            for literal in literals:
                if not ACTION.fullmatch(literal) and WORD.search(re.sub(r'%[-+0-9.*lzu]*[a-zA-Z]|\\.', ' ', literal)):
                    line = text.count('\n', 0, match.start()) + 1
                    found.append(f'{path}:{line}: {match[1]} … “{literal}”')
    check(found, 'what is shown from C is marked for translation')


PROPERTIES = ('label', 'title', 'subtitle', 'description', 'tooltip-text', 'tooltip-markup', 'placeholder-text', 'dropdown-tooltip', 'text')


def check_templates():
    found = []
    for path in sources('resources', endings='.ui'):
        for match in re.finditer(r'<(?:property|attribute) name="([\w-]+)"([^>]*)>([^<]+)<', read(path)):
            if match[1] in PROPERTIES and 'translatable="yes"' not in match[2] and WORD.search(match[3]):
                found.append(f'{path}: {match[1]} “{match[3]}”')
        for match in re.finditer(r'<item(?![^>]*translatable="yes")[^>]*>([^<]*[A-Za-z]{3,}[^<]*)</item>', read(path)):
            found.append(f'{path}: item “{match[1]}”')
    check(found, 'what is shown from templates is marked for translation')


# ---- the translations ----

KEYWORDS = ['--keyword=_', '--keyword=N_', '--keyword=C_:1c,2', '--keyword=NC_:1c,2', '--keyword=ngettext:1,2', '--keyword=g_dcgettext:2',
            '--keyword=g_dngettext:2,3', '--keyword=g_dpgettext2:2c,3', '--flag=N_:1:pass-c-format', '--flag=C_:2:pass-c-format',
            '--flag=NC_:2:pass-c-format', '--flag=g_strdup_printf:1:c-format', '--flag=g_string_append_printf:2:c-format',
            '--flag=g_set_error:4:c-format', '--flag=g_print:1:c-format', '--flag=g_printerr:1:c-format']


def check_languages(folder):
    template = os.path.join(folder, 'spqr-studio.pot')
    answer = run('xgettext', '--from-code=UTF-8', '--add-comments', *KEYWORDS, '-f', 'po/POTFILES.in', '-o', template)
    check((answer.stderr.splitlines() + ([] if answer.returncode == 0 else ['xgettext failed'])), 'xgettext finds nothing odd')
    for language in read('po/LINGUAS').split():
        path = f'po/{language}.po'
        answer = run('msgfmt', '--check', '-o', os.devnull, path)
        check(answer.stderr.splitlines() if answer.returncode else [], f'{language}: msgfmt --check')
        merged = os.path.join(folder, f'{language}.po')
        run('msgmerge', '-q', '--no-fuzzy-matching', path, template, '-o', merged)
        for flag, name in (('--untranslated', 'nothing is missing'), ('--only-fuzzy', 'nothing is fuzzy')):
            texts = run('msgattrib', flag, '--no-obsolete', '--no-location', merged).stdout.split('\n\n')
            check([block.replace('\n', ' ') for block in texts[1:]], f'{language}: {name}')


check_potfiles()
check_literals()
check_templates()
with tempfile.TemporaryDirectory() as work:
    check_languages(work)
print(f'1..{number}')
sys.exit(1 if failures else 0)
