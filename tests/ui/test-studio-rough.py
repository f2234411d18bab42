#!/usr/bin/env python3
"""Where things do not go well: a job is cancelled, models are broken, the window is closed in the middle of a job, the
history is a newer version's; and the pages in the dark. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import os
import shutil
import sqlite3

from test_studio_driver import Studio, check, need, note, run, wait
from test_studio_steps import calibrate_layer, open_layer, save_pages, show_page, start_quantization, wait_map

LONG = 2000         # calibration windows, of which no test sees the end


def stray_files(folder):
    return [name for _, _, files in os.walk(folder) for name in files if not name.endswith(('.spqr', '.json')) or name.startswith('.')]


def cancels(studio):
    start_quantization(studio, LONG)
    need(studio.screen.wait_run('running'), 'a quantization runs', studio.screen.runs())
    studio.click(need(studio.wait_for('Jobs.*', 'button'), 'the jobs button has a name'))
    need(studio.says(r'.{6}.*%|%.*.{6}'), 'its progress is told', studio.labels())
    studio.save('jobs')
    # Where a popover is, GTK 4.8 does not tell: the keyboard goes there instead of the pointer.
    need(studio.tab_to('Cancel this job'), 'the keyboard reaches its Cancel')
    studio.key('space')
    cut = need(studio.screen.wait_run('cancelled'), 'Cancel: the database says cancelled', studio.screen.runs())
    check(studio.says('^Cancelled$'), 'Cancel: the popover says so', studio.labels())
    check(os.path.isdir(cut['folder']) and not stray_files(cut['folder']), 'Cancel: no stray file', f'{cut}: {stray_files(cut["folder"])}')
    studio.key('Escape')
    show_page(studio, 'Runs', 'Filter runs')
    check(studio.says('cancelled at'), 'the table of runs says it, too', studio.labels())


def bad_models(screen):
    """(path, what the message has to name)"""
    empty, truncated, pointer = (os.path.join(screen.folder, name) for name in ('no-model', 'truncated', 'pointer'))
    os.makedirs(empty)
    with open(os.path.join(empty, 'notes.txt'), 'w') as file:
        file.write('nothing\n')
    for path in (truncated, pointer):
        os.makedirs(path)
        for name in ('config.json', 'tokenizer.json'):
            shutil.copy(os.path.join(screen.sample, name), path)
    with open(os.path.join(screen.sample, 'model.safetensors'), 'rb') as file:
        start = file.read(200000)
    with open(os.path.join(truncated, 'model.safetensors'), 'wb') as file:
        file.write(start)
    with open(os.path.join(pointer, 'model.safetensors'), 'w') as file:
        file.write('version https://git-lfs.github.com/spec/v1\noid sha256:' + '0' * 64 + '\nsize 7086632\n')
    return [(empty, 'no-model'), (truncated, 'model.safetensors'), (pointer, 'LFS')]


def survives(studio):
    for path, says in bad_models(studio.screen):
        name = os.path.basename(path)
        studio.wait_window('sample')
        studio.key('ctrl+o')
        if not check(studio.choose_file('Open a Model Folder', path), f'the open dialog takes {name}'):
            continue
        text = studio.answer_message(says)
        check(text, f'a message about {name}', studio.labels())
        note(text)
        check(wait(lambda: studio.top_window()[1] == 'sample') and studio.says('LlamaForCausalLM'),
              f'the session is still there after {name}', studio.windows())


def closes(studio):
    start_quantization(studio, LONG)
    cut = need(studio.screen.wait_run('running'), 'another quantization runs', studio.screen.runs())
    studio.wait_window('sample')
    studio.key('ctrl+w')
    need(studio.wait_for('Cancel Jobs and Close', 'button'), 'closing in the middle of a job asks')
    check(studio.process.poll() is None, 'and waits for the answer')
    studio.press('Cancel Jobs and Close', studio.top_window())
    check(wait(lambda: studio.process.poll() is not None), '“Cancel Jobs and Close” ends the program')
    check(studio.process.poll() == 0, 'with exit status 0', studio.process.poll())
    states = {run['id']: run['state'] for run in studio.screen.runs()}
    check(states[cut['id']] == 'cancelled' and 'running' not in states.values(), 'in the middle of the run', states)


def in_the_dark(screen):
    """The pages with a dark theme, over the runs there are: calibrated, a run shown on the map."""
    text = os.path.join(screen.sample, 'evaluation.txt')
    done = screen.spqr('quantize', screen.sample, os.path.join(screen.sample, 'calibration.txt'), '--nsamples', 16, '--eval', text)
    studio = Studio(screen, '--db', screen.database, screen.sample, ADW_DEBUG_COLOR_SCHEME='prefer-dark')
    need(studio.wait_window('sample'), 'the window opens in the dark')
    studio.resize('sample', 1280, 800)
    open_layer(studio, wait_map(studio))
    calibrate_layer(studio, 32)
    save_pages(studio, '-dark', f'{done["evals"][0]["ppl"]:.4f}')
    studio.end()


def newer_database(screen):
    database = os.path.join(screen.folder, 'future.db')
    shutil.copy(screen.database, database)
    connection = sqlite3.connect(database)
    connection.execute('PRAGMA user_version = 9999')
    connection.commit()
    connection.close()
    studio = Studio(screen, '--db', database, screen.sample)
    text = studio.answer_message('newer')
    check(text, 'a database of a newer version: a message', studio.labels())
    note(text)
    check(studio.wait_for('Map of the model') and studio.wait_window('sample'), 'a database of a newer version: the window opens all the same')
    studio.end()


def story(screen):
    studio = Studio(screen)
    need(studio.wait_window('sample'), 'the window opens')
    wait_map(studio)
    cancels(studio)
    survives(studio)
    closes(studio)
    in_the_dark(screen)
    newer_database(screen)


run(story)
