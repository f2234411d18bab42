#!/usr/bin/env python3
"""Evaluating a finished run in the window: perplexity and zero-shot tasks as jobs; what is measured lands on the run.
Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import json
import os
import shutil
import signal
import subprocess
import sys

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
    command = [SPQR, *map(str, arguments), '--json', '--quiet', '--db', database]
    answer = subprocess.run(command, capture_output=True, text=True)
    return json.loads(answer.stdout) if answer.returncode == 0 else {'error': answer.stderr}


def write_tasks(folder):
    """Documents that the sample model can read, of two tasks; a third is not there."""
    os.makedirs(folder)
    with open(os.path.join(SAMPLE, 'evaluation.txt'), encoding='utf-8') as file:
        words = file.read().split()
    with open(os.path.join(folder, 'piqa.valid.jsonl'), 'w', encoding='utf-8') as out:
        for i in range(40):
            parts = [' '.join(words[j:j + 6]) for j in range(20 * i, 20 * i + 18, 6)]
            out.write(json.dumps({'goal': parts[0], 'sol1': parts[1], 'sol2': parts[2], 'label': i % 2}) + '\n')
    with open(os.path.join(folder, 'lambada_test.jsonl'), 'w', encoding='utf-8') as out:
        for i in range(30):
            out.write(json.dumps({'text': ' '.join(words[12 * i:12 * i + 12])}) + '\n')
    return folder


def press(studio, name, window=None):
    node = studio.wait_for(name, 'button', 10)
    if node is not None:
        studio.click(node, window=window)
    return node


def open_dialog(studio):
    studio.wait_window('sample')
    need(press(studio, 'Evaluate…'), 'the run can be evaluated')
    return need(studio.wait_window('Evaluate Run 1'), 'the dialog opens')


def evals_of(database):
    return spqr(database, 'runs', 'show', 1).get('evals', [])


def measures_perplexity(studio, database):
    window = open_dialog(studio)
    studio.picture(window=window).save(os.path.join(OUTPUT, 'evaluate-perplexity.png'))
    need(press(studio, 'Evaluate', window), 'perplexity begins')
    need(wait(lambda: len(evals_of(database)) == 1, 60), 'and is recorded', evals_of(database))
    (done,) = evals_of(database)
    check(done['ppl'] > 1 and done['ppl_base'] > 1, 'with the unquantized model’s beside it', done)
    check(wait(lambda: any('Run 1 is evaluated' in label for label in studio.labels()), 10), 'the window says so', studio.labels())
    check(wait(lambda: any(f'{done["ppl"]:.4f} ± ' in label for label in studio.labels()), 10), 'the run shows it', studio.labels())


def puts_tasks(studio, database, folder):
    window = open_dialog(studio)
    node = studio.wait_for('Zero-Shot Tasks')
    studio.click(need(node, 'tasks are beside perplexity'), window=window)
    studio.settle()
    start = studio.wait_for('Evaluate', 'button')
    check(not start.has('sensitive'), 'without documents there is nothing to begin')
    entry = need(studio.wait_for('Folder of the tasks', 'text box'), 'the folder is asked for')
    studio.click(entry, window=window)
    studio.key('ctrl+a')
    studio.type(folder)
    check(wait(lambda: any('Not in this folder' in label and 'winogrande' in label for label in studio.labels()), 10),
          'what is not in it is said', studio.labels())
    need(wait(lambda: studio.find('Evaluate', 'button').has('sensitive'), 5), 'what is found can be begun with')
    studio.settle()
    studio.picture(window=window).save(os.path.join(OUTPUT, 'evaluate-tasks.png'))
    press(studio, 'Evaluate', window)
    need(wait(lambda: any(e['task'] == 'piqa' for e in evals_of(database)), 60), 'PIQA is recorded', evals_of(database))
    piqa = evals_of(database)[-1]
    told = spqr(database, 'tasks', 1, '--task', 'piqa', '--data', folder)['tasks'][0]
    check((piqa['acc'], piqa['acc_norm'], piqa['n']) == (told['acc'], told['acc_norm'], 40), 'as the command line has it', (piqa, told))
    figure = f'{100 * piqa["acc"]:.2f} % ± {100 * piqa["acc_stderr"]:.2f}'
    shown = wait(lambda: next((label for label in studio.labels() if figure in label), None), 10)
    check(shown and 'normalized' in shown and '40 documents' in shown, 'the run shows the accuracy', studio.labels())
    studio.wait_window('sample')
    studio.settle()
    studio.picture().save(os.path.join(OUTPUT, 'evaluated.png'))


def main():
    os.makedirs(OUTPUT, exist_ok=True)
    global SAMPLE
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))       # past the time: what was started is ended first
    screen = Screen(1280, 900)
    SAMPLE = shutil.copytree(SAMPLE, os.path.join(screen.folder, 'models', 'sample'))
    database = os.path.join(screen.folder, 'runs.db')
    made = spqr(database, 'quantize', SAMPLE, os.path.join(SAMPLE, 'calibration.txt'), '--nsamples', 2, '--seqlen', 64)
    studio = Studio(screen, STUDIO, '--db', database, SAMPLE)
    try:
        need(made.get('run') == 1, 'a run to measure', made)
        need(studio.wait_window('sample'), 'the window opens')
        studio.key('alt+3')
        row = need(studio.wait_for(r'sample', 'label', 15), 'the run is listed')
        need(wait(lambda: studio.find('Filter runs'), 10), 'the runs are shown')
        studio.settle()
        row = next((n for n in studio.nodes() if n.role == 'label' and n.name == 'finished' and n.extents()[2] > 0), row)
        studio.click(row)
        need(wait(lambda: studio.find('Evaluate…', 'button').has('sensitive'), 10), 'a finished run can be chosen')
        measures_perplexity(studio, database)
        puts_tasks(studio, database, write_tasks(os.path.join(screen.folder, 'tasks')))
        noise = [line for line in studio.errors().splitlines() if any(word in line for word in ('WARNING', 'CRITICAL', 'ERROR'))]
        check(not noise, 'no warnings on standard error', '\n'.join(noise))
    except Stop as stop:
        print(f'# What follows “{stop}” was not tried.\n# Windows: {studio.windows()}\n# {studio.labels()}\n# {studio.errors()}')
        screen.picture().save(os.path.join(OUTPUT, 'evaluate-failed.png'))
    finally:
        studio.end()
        screen.close()
    print(f'1..{number}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
