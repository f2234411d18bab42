#!/usr/bin/env python3
"""The README's pictures: what a person sees after an hour with the sample model, from the real window. Not a test:
`meson compile -C build pictures` takes them anew when the window has changed.

Arguments: the studio's binary, the command line's binary, the sample model's folder, the folder for the pictures.
"""
import os

from test_studio_driver import Studio, need, run, wait
from test_studio_steps import calibrate_layer, choose_tab, select_runs, show_page, wait_map

COMMON = ['--qq_groupsize=16', '--permutation_order=act_order', '--percdamp=1', '--nsamples=64']
RUNS = [
    (['--wbits=3', '--groupsize=16', '--qq_scale_bits=3', '--qq_zero_bits=3', '--outlier_threshold=0.2'], 'the preset: loads in transformers'),
    (['--wbits=4', '--groupsize=16', '--qq_scale_bits=3', '--qq_zero_bits=3', '--outlier_threshold=0.2'], 'near-lossless'),
    (['--wbits=3', '--groupsize=16', '--qq_scale_bits=3', '--qq_zero_bits=3', '--outlier_threshold=1e30'], 'the same without outliers'),
    (['--wbits=2', '--groupsize=16', '--qq_scale_bits=3', '--qq_zero_bits=3', '--outlier_threshold=0.6'], 'how far down can it go?'),
    (['--wbits=3', '--method=gptq', '--groupsize=16'], 'GPTQ, for comparison'),
    (['--nearest', '--wbits=3'], 'plain rounding'),
]


def make_runs(screen):
    text, calibration = (os.path.join(screen.sample, name) for name in ('evaluation.txt', 'calibration.txt'))
    for arguments, _ in RUNS:
        data = [] if '--nearest' in arguments else [calibration, *COMMON]
        screen.spqr('quantize', screen.sample, *data, *arguments, '--eval', text)


def save(studio, name):
    """The pointer is out of the way: what it would show is chance."""
    studio.move(studio.screen.width - 1, studio.screen.height - 1)
    studio.save(name, small=True)


def write_notes(studio):
    show_page(studio, 'Runs', 'Filter runs')
    for number, (_, note) in enumerate(RUNS, 1):
        select_runs(studio, number)
        studio.fill(studio.entry('Note'), note)
        studio.key('Return')


def looks_at_runs(studio, suffix):
    show_page(studio, 'Runs', 'Filter runs')
    select_runs(studio, 1, 5)
    need(studio.says('^Parameters that differ$'), 'two runs are compared')
    save(studio, 'runs' + suffix)
    select_runs(studio, 1, 3)
    choose_tab(studio, 'Heat Maps')
    need(wait(lambda: studio.picture().n_colours() > 200), 'their maps are drawn')
    save(studio, 'compare' + suffix)
    select_runs(studio, 1, 2, 3, 4, 5, 6)
    choose_tab(studio, 'Bits × Perplexity')
    save(studio, 'front' + suffix)


def looks_at_model(studio, suffix):
    select_runs(studio, 1)
    need(studio.press('Show on Map'), 'a run can be shown on the map')
    need(studio.says('^of run '), 'the map shows it')
    studio.press('Two Figures')
    save(studio, 'map' + suffix)
    canvas = need(studio.wait_for('Map of the model'), 'the map is there')
    studio.click(canvas, 0.93, 0.75)
    studio.key('Return')
    need(studio.says('Whole layer, exact'), 'the layer with the heaviest tails')
    calibrate_layer(studio, 64)
    need(studio.says_no_more(' is calibrated$'), 'what told of it has gone')
    save(studio, 'layer' + suffix)


def story(screen):
    make_runs(screen)
    for suffix, scheme in (('', 'prefer-light'), ('-dark', 'prefer-dark')):
        studio = Studio(screen, '--db', screen.database, screen.sample, ADW_DEBUG_COLOR_SCHEME=scheme)
        need(studio.wait_window('sample'), 'the window opens')
        studio.resize('sample', 1280, 800)
        wait_map(studio)
        if suffix == '':
            write_notes(studio)
        looks_at_runs(studio, suffix)
        looks_at_model(studio, suffix)
        studio.end()


run(story, 1400, 900)
