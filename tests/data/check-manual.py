#!/usr/bin/env python3
"""The manual pages and the completion know what the programs know. Prints TAP.

Arguments: spqr, the source tree, and spqr-studio where it is built.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SPQR, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
STUDIO = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else None
ENVIRONMENT = dict(os.environ, LC_ALL='C.UTF-8', LANGUAGE='en')
number = failures = 0


def check(good, name, explanation=''):
    global number, failures
    number += 1
    failures += not good
    print(f'{"ok" if good else "not ok"} {number} - {name}')
    if not good:
        print('\n'.join(f'# {line}' for line in str(explanation).splitlines()))


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, env=dict(ENVIRONMENT, **more))


def flags_of(text):
    return set(re.findall(r'^\s+(?:-\w, )?--([a-z0-9-]+)', text, re.M))


def manual(page):
    """Its source, and the flags each part names: by heading, and within COMMANDS by command."""
    with open(os.path.join(SOURCE, 'data', 'man', page), encoding='utf-8') as file:
        text = file.read()
    parts = {}
    for section in re.split(r'^\.Sh ', text, flags=re.M)[1:]:
        name, _, body = section.partition('\n')
        if name == 'COMMANDS':
            for command in re.split(r'^\.It Nm Cm ', body, flags=re.M)[1:]:
                parts[command.split()[0]] = set(re.findall(r'Fl Fl ([a-z0-9-]+)', command))
        else:
            parts[name] = set(re.findall(r'Fl (?:Fl )?([a-z0-9-]{2,})', body))
    return text, parts


def check_flags():
    help_text = run(SPQR, '--help').stdout
    commands = re.findall(r'^  ([a-z]+) ', help_text, re.M)
    _, parts = manual('spqr.1')
    check(len(commands) >= 10 and all(command in parts for command in commands), 'spqr(1) has every command', [c for c in commands if c not in parts])
    for command in commands:
        usual = flags_of(run(SPQR, command, '--help').stdout) - parts['COMMON FLAGS']
        # Those of the parameters are told once, for all commands that take them.
        more = flags_of(run(SPQR, command, '--help-parameters').stdout) - parts['COMMON FLAGS'] - {'help', 'help-all', 'help-parameters'}
        missing = (usual - parts.get(command, set())) | (more - parts['PARAMETERS'] - parts.get(command, set()))
        invented = parts.get(command, set()) - usual - more - parts['COMMON FLAGS']
        check(not missing and not invented, f'spqr(1) has the flags of {command}, and no others', f'missing {missing}, invented {invented}')
    everywhere = flags_of(run(SPQR, 'quantize', '--help-parameters').stdout)
    check(parts['PARAMETERS'] - {'method'} <= everywhere, 'spqr(1) invents no parameter', parts['PARAMETERS'] - everywhere)
    if STUDIO is not None:
        told = flags_of(run(STUDIO, '--help').stdout) - {'help-all', 'help-gapplication', 'help-gtk'}
        _, parts = manual('spqr-studio.1')
        check(told <= parts['DESCRIPTION'], 'spqr-studio(1) has its flags', told - parts['DESCRIPTION'])


def check_form():
    for page in ('spqr.1', 'spqr-studio.1'):
        path = os.path.join(SOURCE, 'data', 'man', page)
        if shutil.which('mandoc'):
            answer = run('mandoc', '-T', 'lint', '-W', 'warning', path)
        elif shutil.which('man') and shutil.which('groff'):
            answer = run('man', '--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', path)
            answer.stdout = ''
        else:
            print('# neither mandoc nor man is installed')
            return
        check(answer.returncode == 0 and not (answer.stdout + answer.stderr).strip(), f'{page} is well formed', answer.stdout + answer.stderr)


def complete(folder, *words):
    """What bash offers for the last of these words."""
    script = f'''source {SOURCE}/data/completions/spqr
COMP_WORDS=({' '.join("'" + word + "'" for word in words)}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_spqr {SPQR}; printf '%s\\n' "${{COMPREPLY[@]}}"'''
    return subprocess.run(['bash', '-c', script], cwd=folder, capture_output=True, text=True, env=ENVIRONMENT)


def check_completion(folder):
    def offers(words, expected, name):
        answer = complete(folder, *words)
        given = set(answer.stdout.split())
        check(expected <= given and not answer.stderr, f'completion: {name}', f'{given}\n{answer.stderr}')
        return given

    commands = set(re.findall(r'^  ([a-z]+) ', run(SPQR, '--help').stdout, re.M))
    check(offers(['spqr', ''], commands, 'the commands') == commands, 'completion: nothing but the commands')
    offers(['spqr', 'qu'], {'quantize'}, 'a begun command')
    for command in sorted(commands):
        flags = {'--' + flag for flag in flags_of(run(SPQR, command, '--help-all').stdout)}
        given = {flag.rstrip('=') for flag in complete(folder, 'spqr', command, '--').stdout.split()}
        check(flags <= given, f'completion: the flags of {command}', flags - given)
    offers(['spqr', 'field', '--field', '=', 'lo'], {'loo_gain'}, 'a value after =')
    offers(['spqr', 'export', '--format', 'h'], {'hf-dense', 'html'}, 'a value after a blank')
    offers(['spqr', 'inspect', 'mod'], {'models'}, 'files')
    database = os.path.join(folder, 'runs.db')
    sample = os.path.join(SOURCE, 'data', 'sample')
    made = run(SPQR, 'quantize', '--nearest', '--quiet', '--json', '--db', database, '--out', os.path.join(folder, 'run'), sample)
    check(made.returncode == 0, 'a run to complete', made.stderr)
    number_of_run = str(json.loads(made.stdout or '{"run": 0}')['run'])
    offers(['spqr', 'runs', '--db', database, 'show', ''], {number_of_run}, 'run ids of the database')
    offers(['spqr', 'eval', '--db', '=', database, ''], {number_of_run, 'models'}, 'run ids and files')


def check_machine_numbers(folder):
    """--json is the same in every language and locale."""
    locales = os.path.join(folder, 'locales')
    os.makedirs(locales)
    made = run('localedef', '-i', 'de_DE', '-f', 'UTF-8', os.path.join(locales, 'de_DE.UTF-8')) if shutil.which('localedef') else None
    if made is None or not os.path.isdir(os.path.join(locales, 'de_DE.UTF-8')):
        print('# the locale de_DE cannot be made here: its numbers are not tried')
        return
    german = dict(LC_ALL='de_DE.UTF-8', LOCPATH=locales, LANGUAGE='de')
    sample = os.path.join(SOURCE, 'data', 'sample')
    comma = run('printf', '%.1f', '0.5', **german)
    bash = run('bash', '-c', "printf '%.1f' 1,5", **german)
    check(bash.stdout == '1,5', 'the locale has a decimal comma', bash.stdout + comma.stdout)
    for command in (['inspect', '--json', sample], ['runs', 'list', '--json', '--db', os.path.join(folder, 'runs.db')]):
        here, there = run(SPQR, *command), run(SPQR, *command, **german)
        check(here.returncode == 0 and here.stdout == there.stdout and json.loads(there.stdout), f'spqr {command[0]} --json is the same in German', there.stderr)
    parameters = run(SPQR, 'quantize', '--nearest', '--outlier-threshold=0.25', '--dry-run', '--json', sample, **german)
    check(parameters.returncode == 0 and json.loads(parameters.stdout), 'flags are read with a point in German too', parameters.stderr)
    told = run(SPQR, 'inspect', '--no-stats', sample, **german)
    check('Parameter' in told.stdout and 'Blöcke' in told.stdout, 'people read German', told.stdout[:200])


check_flags()
check_form()
with tempfile.TemporaryDirectory() as work:
    os.makedirs(os.path.join(work, 'models'))
    if shutil.which('bash'):
        check_completion(work)
    check_machine_numbers(work)
print(f'1..{number}')
sys.exit(1 if failures else 0)
