#!/usr/bin/env python3
"""Evaluating a finished run in the window: perplexity and zero-shot tasks as jobs; what is measured lands on the run.
Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import json
import os

from test_studio_driver import Studio, check, need, run, wait


def write_tasks(screen):
    """Documents that the sample model can read, of two tasks; a third is not there."""
    folder = os.path.join(screen.folder, 'tasks')
    os.makedirs(folder)
    with open(os.path.join(screen.sample, 'evaluation.txt'), encoding='utf-8') as file:
        words = file.read().split()
    with open(os.path.join(folder, 'piqa.valid.jsonl'), 'w', encoding='utf-8') as out:
        for i in range(40):
            parts = [' '.join(words[j:j + 6]) for j in range(20 * i, 20 * i + 18, 6)]
            out.write(json.dumps({'goal': parts[0], 'sol1': parts[1], 'sol2': parts[2], 'label': i % 2}) + '\n')
    with open(os.path.join(folder, 'lambada_test.jsonl'), 'w', encoding='utf-8') as out:
        for i in range(30):
            out.write(json.dumps({'text': ' '.join(words[12 * i:12 * i + 12])}) + '\n')
    return folder


def open_dialog(studio):
    studio.wait_window('sample')
    need(studio.press('Evaluate…'), 'the run can be evaluated')
    return need(studio.wait_window('Evaluate Run 1'), 'the dialog opens')


def evals_of(screen):
    return screen.spqr('runs', 'show', 1)['evals']


def measures_perplexity(studio):
    window = open_dialog(studio)
    studio.save('evaluate-perplexity', window)
    # A row that only tells hands a click on to nobody.
    studio.click(need(studio.wait_for('Computed on', 'label'), 'it says what computes'), window=window)
    check(studio.wait_state('Evaluate', 'button', 'sensitive'), 'a click on what only tells does nothing')
    need(studio.press('Evaluate', window), 'perplexity begins')
    need(wait(lambda: len(evals_of(studio.screen)) == 1), 'and is recorded', evals_of(studio.screen))
    (done,) = evals_of(studio.screen)
    check(done['ppl'] > 1 and done['ppl_base'] > 1, 'with the unquantized model’s beside it', done)
    check(studio.says('Run 1 is evaluated'), 'the window says so', studio.labels())
    check(studio.says(f'{done["ppl"]:.4f} ± '), 'the run shows it', studio.labels())


def puts_tasks(studio, folder):
    window = open_dialog(studio)
    studio.click(need(studio.wait_for('Zero-Shot Tasks'), 'tasks are beside perplexity'), window=window)
    check(studio.wait_state('Evaluate', 'button', 'not sensitive'), 'without documents there is nothing to begin')
    entry = need(studio.entry('Folder of the tasks'), 'the folder is asked for')
    studio.settle()
    studio.fill(entry, folder, window)
    check(studio.says('Not in this folder.*winogrande'), 'what is not in it is said', studio.labels())
    need(studio.wait_state('Evaluate', 'button', 'sensitive'), 'what is found can be begun with')
    studio.save('evaluate-tasks', window)
    studio.press('Evaluate', window)
    need(wait(lambda: [e for e in evals_of(studio.screen) if e['task'] == 'piqa']), 'PIQA is recorded', evals_of(studio.screen))
    (piqa,) = [e for e in evals_of(studio.screen) if e['task'] == 'piqa']
    told = studio.screen.spqr('tasks', 1, '--task', 'piqa', '--data', folder)['tasks'][0]
    check((piqa['acc'], piqa['acc_norm'], piqa['n']) == (told['acc'], told['acc_norm'], 40), 'as the command line has it', (piqa, told))
    shown = studio.says(rf'{100 * piqa["acc"]:.2f}\s%\s±\s{100 * piqa["acc_stderr"]:.2f}')
    check(shown and 'normalized' in shown and '40 documents' in shown, 'the run shows the accuracy', studio.labels())
    studio.wait_window('sample')
    studio.save('evaluated')


def story(screen):
    screen.spqr('quantize', screen.sample, os.path.join(screen.sample, 'calibration.txt'), '--nsamples', 2, '--seqlen', 64)
    studio = Studio(screen)
    need(studio.wait_window('sample'), 'the window opens')
    studio.key('alt+3')
    need(studio.wait_for('Filter runs'), 'the runs are shown')
    row = need(studio.wait_for('finished', 'label'), 'the run is listed')
    studio.settle()
    studio.click(row)
    need(studio.wait_state('Evaluate…', 'button', 'sensitive'), 'a finished run can be chosen')
    measures_perplexity(studio)
    puts_tasks(studio, write_tasks(screen))


run(story, 1280, 900)
