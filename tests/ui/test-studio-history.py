#!/usr/bin/env python3
"""The history of runs through the window: a run's settings to tune from, what cannot be done says why, a run that is
removed and leaves its layers. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import json
import os

from test_studio_driver import Studio, check, need, run, wait
from test_studio_steps import wait_map


def make_runs(screen):
    recipe = os.path.join(screen.folder, 'recipe.json')
    with open(recipe, 'w', encoding='utf-8') as file:
        json.dump({'spqr_recipe': 1, 'name': 'wide', 'defaults': {'wbits': 3, 'nsamples': 2, 'seqlen': 64},
                   'overrides': [{'role': 'down_proj', 'set': {'wbits': 4}}]}, file)
    calibration = os.path.join(screen.sample, 'calibration.txt')
    screen.spqr('quantize', screen.sample, calibration, '--wbits=3', '--nsamples=2', '--seqlen=64')
    screen.spqr('quantize', screen.sample, calibration, f'--recipe={recipe}')
    screen.spqr('quantize', screen.sample, '--nearest', '--wbits=4')


def run_ids(screen):
    return [found['id'] for found in screen.spqr('runs', 'list')['runs']]


def select_runs(studio, *ids):
    for i, run_id in enumerate(ids):
        node = studio.first(lambda n: n.role == 'label' and n.name == str(run_id) and n.extents()[0] < 60 and n.extents()[1] > 100)
        if i > 0:
            studio.display.hold('ctrl', True)
        studio.click(node)
        if i > 0:
            studio.display.hold('ctrl', False)


def says_why(studio):
    select_runs(studio, 1, 2)
    export = need(studio.first(lambda n: n.name == 'Export…' and n.role == 'button' and not n.has('sensitive')), 'two runs cannot be exported at once')
    studio.move(640, 600)
    before = len(studio.display.windows('spqr-studio'))
    x, y = studio.place(export)
    studio.move(x - 4, y)
    studio.move(x, y)
    check(wait(lambda: len(studio.display.windows('spqr-studio')) > before), 'pointing at a greyed button shows why')
    studio.move(640, 600)


def compares(studio):
    select_runs(studio, 2, 1)           # the younger first: the order does not depend on it
    check(studio.says('B · Run 2$') and studio.says('A · Run 1$'), 'the elder is A, whatever was clicked first')
    check(studio.says('^Rule: down_proj in every block$') and studio.says('^no rule$'), 'rules of recipes stand beside each other')


def uses_settings(studio):
    select_runs(studio, 2)
    check(studio.says('^Recipe “wide”$') and studio.says('^down_proj in every block$'), 'a run shows the rules of its recipe')
    studio.press('Use Settings')
    check(studio.says('^The settings of run 2 are at hand$'), 'its settings are at hand')
    check(studio.wait_state('Layer', 'tab', 'selected'), 'on the page where one tunes')
    studio.key('alt+3')
    studio.wait_state('Runs', 'tab', 'selected')


def removes(screen, studio):
    folder = screen.spqr('runs', 'show', 1)['folder']
    select_runs(studio, 1)
    studio.says('^Result$')
    studio.press('Remove…')
    text = need(studio.says('history loses the run'), 'removing says what goes')
    check('28 layers' in text and 'importing that folder brings the run back' in text and 'cannot be undone' in text,
          'what stays, and what cannot be had back', text)
    studio.press('Remove, Keep Layers')
    check(wait(lambda: 1 not in run_ids(screen)) and os.path.isfile(os.path.join(folder, 'run.json')), 'the run goes, its layers stay')


def story(screen):
    make_runs(screen)
    studio = Studio(screen, '--db', screen.database, screen.sample)
    need(studio.wait_window('sample'), 'the window opens')
    studio.resize('sample', 1280, 800)
    wait_map(studio)
    studio.key('alt+3')
    need(studio.says('^3 runs$'), 'the runs are listed')
    says_why(studio)
    compares(studio)
    uses_settings(studio)
    removes(screen, studio)


run(story, 1280, 800)
