#!/usr/bin/env python3
"""A job ends while the window is not in front: the desktop is told, and a click on that shows what the job has brought.
With a window manager where there is one (openbox), else the keyboard goes elsewhere by the test's own hand. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import os
import shutil
import signal

from test_studio_desktop import Desktop
from test_studio_driver import Studio, check, need, note, run, wait
from test_studio_steps import open_quantization, start_quantization, wait_map

LONG = 2000         # calibration windows, of which no test sees the end


def is_in_front(studio):
    """The keyboard is in one of its windows, and that is the topmost of the screen where somebody keeps order."""
    windows = studio.windows()
    return any(studio.display.has_keyboard(window[0]) for window in windows) and \
        (not studio.screen.manager or studio.display.is_topmost(windows[0][0]))


def goes_elsewhere(studio):
    """To another program's window, which covers this one."""
    other = studio.display.open_window()
    need(wait(lambda: studio.display.has_keyboard(other) or (studio.screen.manager is None and studio.display.focus(other))),
         'somebody works in another window')
    return other


def away(studio, leave):
    """Does what the keyboard is at and leaves, both before the program can go on: so the job ends behind. By a key, because
    a window manager gives the keyboard to what is clicked, later."""
    studio.process.send_signal(signal.SIGSTOP)
    studio.display.key('space')
    left = leave(studio)
    studio.process.send_signal(signal.SIGCONT)
    return left


def is_about_to_quantize(studio, windows):
    open_quantization(studio, windows)
    need(studio.wait_state('Quantize', 'button', 'sensitive') and studio.tab_to('Quantize', 'button'), 'the keyboard is at Quantize')


def in_front(studio, desktop):
    start_quantization(studio, 2)
    need(studio.says('^sample is quantized$'), 'a job ends in front: a toast tells', studio.labels())
    studio.answers()
    check(len(desktop.look().shown) == 0, 'and the desktop is told nothing', desktop.shown)
    check(studio.wait_state('Map', 'tab', 'selected'), 'the page stays')


def shows_tab(studio, name):
    """By the key that goes from tab to tab."""
    return wait(lambda: studio.windows()[-1][1] == name or studio.key('ctrl+Tab') or wait(lambda: studio.windows()[-1][1] == name, 2))


def behind(studio, desktop):
    """What runs first goes with its tab, which is closed on leaving; then the other model's job has its turn, while the
    tab of a third is in front."""
    screen, done = studio.screen, len(studio.screen.runs('finished'))
    need(shows_tab(studio, 'third'), 'to another tab', studio.windows())
    window = open_quantization(studio, LONG, 'third')
    need(studio.press('Quantize', window) and studio.wait_no_window('Quantize Model'), 'where a long job begins')
    need(screen.wait_run('running'), 'it runs', screen.runs())
    need(shows_tab(studio, 'sample'), 'back again', studio.windows())
    start_quantization(studio, 2)
    need(shows_tab(studio, 'third'), 'and there', studio.windows())
    studio.wait_window('third')
    studio.key('ctrl+w')
    need(studio.wait_for('Cancel Jobs and Close', 'button') and wait(lambda: studio.display.focus(studio.windows()[0][0])), 'closing that tab asks')
    need(studio.tab_to('Cancel Jobs and Close', 'button'), 'the keyboard is at “Cancel Jobs and Close”')
    away(studio, goes_elsewhere)
    need(wait(lambda: len(screen.runs('finished')) == done + 1), 'the job behind ends while the window is not in front', screen.runs())
    need(desktop.wait(1), 'the desktop is told')
    studio.answers()
    check(desktop.shown == [('sample is quantized', '')], 'of this one only, by the words of the toast', desktop.shown)
    check(studio.windows()[-1][1] == 'other', 'another model\'s tab is in front of the window', studio.windows())
    check(not is_in_front(studio), 'which leaves everybody where he is')
    before = studio.display.user_time(studio.windows()[-1][0])
    desktop.click()
    check(wait(lambda: is_in_front(studio)), 'a click brings the window to the front', studio.windows())
    # By which window managers that let nothing steal the front see that it was asked for.
    check(studio.display.user_time(studio.windows()[-1][0]) > before, 'as something that a person did')
    check(studio.wait_window('sample') and studio.wait_state('Runs', 'tab', 'selected') and studio.wait_for('Filter runs'),
          'with the model\'s tab and the page that has the run', studio.windows())


def minimizes(studio):
    """Where nobody can, another window has the keyboard."""
    if studio.screen.manager is None:
        goes_elsewhere(studio)
    else:
        studio.display.iconify(studio.windows()[-1][0])


def comes_by_himself(studio, desktop):
    """No click."""
    n, window = len(desktop.shown), studio.windows()[-1][0]
    is_about_to_quantize(studio, 2)
    away(studio, minimizes)
    need(desktop.wait(n + 1), 'the desktop is told of a job that ends in a minimized window')
    check(studio.screen.manager is None or wait(lambda: studio.windows() == []), 'there is no window on the screen', studio.windows())
    check(n not in desktop.look().closed, 'what was told stays')
    studio.display.restore(window)
    need(studio.wait_window('sample') and desktop.wait_closed(n), 'until the window comes to the front by itself', desktop.closed)
    check(len(desktop.shown) == n + 1, 'once for each job', desktop.shown)


def fails(studio, desktop):
    """The text of the calibration vanishes."""
    n = len(desktop.shown)
    is_about_to_quantize(studio, 3)
    text, hidden = (os.path.join(studio.screen.sample, name) for name in ('calibration.txt', 'hidden.txt'))
    os.rename(text, hidden)
    away(studio, goes_elsewhere)
    need(desktop.wait(n + 1), 'the desktop is told of a job that fails')
    title, body = desktop.shown[n]
    check(title == 'Quantize sample' and 'calibration.txt' in body, 'and why', desktop.shown[n])
    desktop.click()
    check(wait(lambda: is_in_front(studio)), 'a click brings the message to the front', studio.windows())
    check(studio.answer_message('calibration.txt'), 'which says so', studio.labels())
    os.rename(hidden, text)


def gnome(screen):
    """A desktop that calls the program by its name."""
    desktop = Desktop(screen, gnome=True)
    studio = Studio(screen)
    need(studio.wait_window('sample'), 'the window opens on another desktop')
    wait_map(studio)
    is_about_to_quantize(studio, 2)
    away(studio, minimizes)
    need(desktop.wait(1), 'which is told, too')
    check(desktop.shown == [('sample is quantized', '')], 'in the same words', desktop.shown)
    desktop.click()
    check(wait(lambda: is_in_front(studio)), 'its click brings the window back to the front', studio.windows())
    check(studio.wait_state('Runs', 'tab', 'selected'), 'on the same page')
    # Where nobody takes notifications, nothing is said about it.
    is_about_to_quantize(studio, 3)
    desktop.end()
    done = len(screen.runs('finished'))
    away(studio, goes_elsewhere)
    need(wait(lambda: len(screen.runs('finished')) == done + 1), 'a job ends where no desktop takes notifications', screen.runs())
    studio.end()


def story(screen):
    if not screen.manage():
        note('openbox is not installed: no window is raised or minimized by anybody')
    desktop = Desktop(screen)
    more = [shutil.copytree(screen.sample, os.path.join(screen.folder, 'models', name)) for name in ('other', 'third')]
    studio = Studio(screen, '--db', screen.database, screen.sample, *more)
    need(studio.wait_window('third') and wait(lambda: len([n for n in studio.nodes() if n.name == 'Close this tab' and n.shown()]) == 3),
         'the window opens on three models')
    need(shows_tab(studio, 'sample'), 'the first to the front', studio.windows())
    wait_map(studio)
    in_front(studio, desktop)
    behind(studio, desktop)
    comes_by_himself(studio, desktop)
    fails(studio, desktop)
    studio.end()
    desktop.end()
    gnome(screen)


run(story, 1440, 900)
