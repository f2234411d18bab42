#!/usr/bin/env python3
"""The studio, through its real window: opens the sample model, looks, tunes, calibrates, quantizes, exports. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import os
import time

from test_studio_driver import Studio, check, need, note, run, wait
from test_studio_steps import calibrate_layer, check_named, open_layer, open_quantization, save_pages, show_page, wait_map

MAIN_LOOP_LIMIT = 0.75       # seconds of the main thread's own work or waiting between two rounds of the main loop


def opens(studio):
    need(studio.wait_window('sample'), 'the window opens and is called after the model', studio.errors())
    canvas = wait_map(studio)
    note(f'first map after {time.monotonic() - studio.begun:.2f} s')
    check(studio.says(r'LlamaForCausalLM.*\sMB'), 'the strip says what the model is', studio.labels())
    return canvas


def looks_inside(studio, canvas):
    heat = open_layer(studio, canvas)
    check(studio.says('(?i)data-free'), 'the layer says that it is data-free', studio.labels())
    before = studio.picture(heat)
    x, y = studio.place(heat, 0.4, 0.4)
    studio.scroll(x, y, 6, button=4)
    check(wait(lambda: before.differs(studio.picture(heat), 0.1)), 'the wheel zooms the heat map')
    check(studio.says(r'(?i)row.*\d'), 'the pointer reads out row and column', studio.labels())
    studio.press('Fit')
    studio.settle()


def tunes(studio):
    def figures():
        return [label for label in studio.labels() if any(c.isdigit() for c in label)]

    before = figures()
    entry = studio.entry('Weight bits')
    studio.reveal(entry, studio.top_window())
    studio.fill(entry, '2')
    studio.key('Return')
    changed = wait(lambda: figures() != before)
    check(changed and entry.text() == '2', 'typing a parameter changes the figures', entry.text())
    studio.retype(entry, '99')
    studio.key('Return')
    check(studio.says('(?i)99.*bits|bits.*99'), 'a value out of range is explained', studio.labels())
    studio.retype(entry, '3')
    studio.key('Return')
    studio.settle()
    check(entry.text() == '3', 'and can be taken back', entry.text())


def quantizes(studio):
    since = time.monotonic()
    window = open_quantization(studio, 64)
    check_named(studio, 'quantization')
    studio.press('Quantize', window)
    need(studio.wait_no_window('Quantize Model'), 'a quantization begins')
    studio.wait_window('sample')

    def ended():
        # What a person does meanwhile.
        for name, landmark in (('Map', 'Map of the model'), ('Layer', 'Weight bits')):
            show_page(studio, name, landmark)
        return next(done for done in studio.screen.runs('finished') if done['ppl'] is not None)

    done = need(wait(ended), 'it ends, measured before and after', studio.screen.runs())
    gaps = studio.gaps(since)
    ours = max((gap.ours for gap in gaps), default=0)
    check(ours < MAIN_LOOP_LIMIT, 'the window stays live meanwhile', f'pauses of the main loop: {gaps[:5]}')
    note(f'{len(gaps)} pauses of the main loop above a frame, longest: {gaps[:5]}')
    check(done['ppl_base'] < done['ppl'] < 1.5 * done['ppl_base'], 'its perplexity is plausible', done)
    return done, f'{done["ppl"]:.4f}'


def lists_runs(studio, figure):
    need(show_page(studio, 'Runs', 'Filter runs'), 'the runs are a key away')
    studio.click(need(studio.wait_for(figure, 'label'), 'the run is in the table with its perplexity', figure))
    check(studio.wait_state('Export…', 'button', 'sensitive'), 'a click selects it')
    check_named(studio, 'runs')


def exports(studio, done):
    folder = os.path.join(studio.screen.folder, 'work')
    target = os.path.join(folder, 'exported')
    os.makedirs(folder)
    show_page(studio, 'Runs', 'Filter runs')
    studio.press('Export…')
    need(studio.choose_file('Export as a Hugging Face Folder', target), 'the export dialog takes a path')
    # The folder gets its name when all is written and read back.
    need(wait(lambda: os.path.isfile(os.path.join(target, 'config.json'))), 'the export is written', studio.labels())
    ppl = studio.screen.spqr('eval', target, '--data', os.path.join(studio.screen.sample, 'evaluation.txt'))['ppl']
    check(ppl == done['ppl'], 'the exported folder measures exactly what the run measured', f'{ppl} and {done["ppl"]}')
    check(not [name for name in os.listdir(folder) if name.startswith(('.', 'exported.'))], 'nothing but the export is left',
          os.listdir(folder))


def story(screen):
    studio = Studio(screen)
    canvas = opens(studio)
    studio.resize('sample', 1280, 800)
    check_named(studio, 'map')
    looks_inside(studio, canvas)
    check_named(studio, 'layer')
    tunes(studio)
    calibrate_layer(studio, 32)
    done, figure = quantizes(studio)
    lists_runs(studio, figure)
    save_pages(studio, '', figure)
    exports(studio, done)


run(story)
