#!/usr/bin/env python3
"""The Layer page, through the studio's real window: the map of the whole, the colours' range, what lies below the heat
map and how they point at each other, a stored run subtracted. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import os
import re
import shutil
import subprocess
import sys
import time

try:
    import gi  # noqa: F401  (python3-gi: the accessibility bus is read through its GIO)
    from gi.repository import GLib
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


def quiet(studio):
    return [line for line in studio.errors().splitlines() if 'WARNING' in line or 'CRITICAL' in line or 'ERROR' in line]


def move(studio, x, y):
    studio.screen.run('xdotool', 'mousemove', '--sync', str(round(x)), str(round(y)), 'sleep', '0.15')


def click(studio, x, y, clicks=1):
    studio.screen.run('xdotool', 'mousemove', '--sync', str(round(x)), str(round(y)), 'sleep', '0.1',
                      'click', '--repeat', str(clicks), '--delay', '60', '1')


def drag(studio, x, y, dx, dy, pause='0.05'):
    command = ['xdotool', 'mousemove', '--sync', str(round(x)), str(round(y)), 'sleep', '0.05', 'mousedown', '1']
    for step in range(1, 9):
        command += ['mousemove', str(round(x + dx * step / 8)), str(round(y + dy * step / 8)), 'sleep', pause]
    studio.screen.run(*command, 'mouseup', '1')


def changed_box(before, after):
    """x, y, width, height of what differs; None: nothing."""
    rows = [y for y, (a, b) in enumerate(zip(before.rows, after.rows)) if a != b]
    if not rows:
        return None
    left, right = before.width, 0
    for y in rows:
        a, b = before.rows[y], after.rows[y]
        columns = [x for x in range(before.width) if a[4 * x:4 * x + 4] != b[4 * x:4 * x + 4]]
        left, right = min(left, columns[0]), max(right, columns[-1])
    return left, rows[0], right - left + 1, rows[-1] - rows[0] + 1


def ask(node, what):
    """What a thing is called, or says of itself, now: to read the whole tree anew takes a second."""
    return node.studio.call(node.path, 'org.freedesktop.DBus.Properties', 'Get', GLib.Variant('(ss)', ('org.a11y.atspi.Accessible', what)))[0]


def value(node):
    """What a slider says it stands at."""
    return float(ask(node, 'Description').replace('−', '-'))


class Page:
    """The Layer page's things, read once: those of hidden pages are there, too."""

    def __init__(self, studio):
        self.nodes = studio.nodes()
        self.readout = self.first(lambda n: n.role == 'label' and n.name.startswith(('Point at', 'row ')))

    def first(self, wanted):
        return next((node for node in self.nodes if wanted(node)), None)

    def find(self, name, role):
        return need(self.first(lambda n: n.role == role and re.fullmatch(name, n.name)), f'there is a {role}: {name}')

    def cell(self):
        """Row and column that the readout names."""
        match = re.match(r'row (\d+) · column (\d+)', ask(self.readout, 'Name'))
        return (int(match[1]), int(match[2])) if match else None


def open_layer(studio):
    need(studio.wait_window('sample'), 'the window opens', studio.errors())
    studio.screen.run('xdotool', 'windowsize', '--sync', studio.windows()[-1][0], '1290', '810')
    canvas = need(studio.wait_for('Map of the model'), 'the map is there')
    wait(lambda: canvas.extents()[2] > 0 and studio.picture(canvas).n_colours() > 40, 10)
    studio.settle(0.2)
    # A click while the window still takes its new size may fall between two layouts.
    for _ in range(3):
        studio.click(canvas, 0.42, 0.3)
        heat = wait(lambda: next((n for n in studio.nodes() if n.role == 'image' and '.weight' in n.name and n.extents()[2] > 200), None), 8)
        if heat:
            break
    need(heat, 'a click on the map shows a layer')
    wait(lambda: studio.picture(heat).n_colours() > 100, 10)
    studio.settle(0.2)
    return heat


def map_of_the_whole(studio, page, heat):
    x, y = studio.place(heat, 0.45, 0.4)
    whole = studio.picture(heat)
    studio.screen.run('xdotool', 'mousemove', '--sync', str(x), str(y), 'click', '--repeat', '8', '--delay', '40', '4')
    studio.settle(0.2)
    check(whole.differs(studio.picture(heat), 0.1), 'the wheel zooms in')
    click(studio, x, y)                 # the keyboard goes to the heat map
    move(studio, x, 5)
    studio.settle(0.2)
    with_map = studio.picture(heat)
    studio.key('m')
    studio.settle(0.2)
    box = changed_box(with_map, studio.picture(heat))
    need(box and box[2] > 60 and box[3] > 30 and box[2] < heat.extents()[2] / 2, 'zoomed in, a map of the whole stands in a corner, M hides it', box)
    studio.key('m')
    studio.settle(0.2)
    left, top = studio.place(heat, 0, 0)
    move(studio, x, y)
    before = wait(page.cell, 5)
    click(studio, left + box[0] + 8, top + box[1] + 8)
    studio.settle(0.2)
    move(studio, x, y)
    after = wait(page.cell, 5)
    check(before and after and after[0] < before[0] and after[1] < before[1], 'a click on it moves what is seen', f'{before} → {after}')
    drag(studio, left + box[0] + 10, top + box[1] + 10, box[2] - 20, box[3] - 20)
    studio.settle(0.2)
    move(studio, x, y)
    last = wait(page.cell, 5)
    check(last and last[0] > before[0] and last[1] > before[1], 'and a drag there, too', f'{after} → {last}')
    studio.picture().save(os.path.join(OUTPUT, 'layer-zoomed.png'))
    # A quick drag is let go in the middle of its way: the matrix glides on.
    drag(studio, x - 60, y - 30, 160, 60, '0.01')
    first = studio.picture(heat)
    time.sleep(0.25)
    check(first.differs(studio.picture(heat), 0.02), 'a quick drag glides on')
    studio.key('0')
    studio.settle(0.2)


def colour_range(studio, page, heat):
    low, high = (page.find(name, 'slider') for name in ('Lowest colour', 'Highest colour'))
    before, picture = (value(low), value(high)), studio.picture(heat)
    check(before[0] < before[1], 'they say the range', before)
    x, y = studio.place(high)
    drag(studio, x, y, -80, 0)
    studio.settle(0.2)
    after = value(low), value(high)
    check(after[0] == before[0] and after[1] < before[1] / 2, 'the upper end can be dragged', f'{before} → {after}')
    check(picture.differs(studio.picture(heat), 0.05), 'and the colours follow')
    studio.key('Right', 'Right', 'Right')
    check(wait(lambda: value(high) > after[1], 3), 'or moved by keys', value(high))
    studio.settle(0.2)
    x, y = studio.place(high)
    x_low, _ = studio.place(low)
    click(studio, (x + x_low) / 2, y, 2)
    check(wait(lambda: value(high) == before[1], 3), 'a double click on the bar goes back', value(high))
    clip = page.find('Percentile clip', 'combo box')
    studio.click(clip)
    time.sleep(0.4)
    studio.key('End', 'Return')
    check(wait(lambda: value(high) < before[1] and value(low) > before[0], 5), 'the percentile clip narrows the range',
          f'{before} → {value(low), value(high)}')
    studio.click(clip)
    time.sleep(0.4)
    studio.key('Up', 'Up', 'Return')
    check(wait(lambda: value(high) == before[1], 5), 'and back', value(high))
    move(studio, x, 5)
    studio.settle(0.2)


def grey_share(picture):
    pixels = [row[i:i + 3] for row in picture.rows[::3] for i in range(0, len(row), 12)]
    return sum(p[0] == p[1] == p[2] for p in pixels) / len(pixels)


def distributions(studio, page, heat):
    histogram = page.find('Distribution of Sensitivity', 'slider')
    coloured = grey_share(studio.picture(heat))
    x, y = studio.place(histogram, 0.7, 0.6)
    move(studio, x, y)
    check(wait(lambda: grey_share(studio.picture(heat)) > coloured + 0.1, 5), 'a bar that is pointed at stands out in the heat map',
          f'{coloured} → {grey_share(studio.picture(heat))}')
    move(studio, x, 5)
    check(wait(lambda: grey_share(studio.picture(heat)) < coloured + 0.02, 5), 'until the pointer leaves')
    before = studio.picture(histogram)
    hx, hy = studio.place(heat, 0.4, 0.4)
    move(studio, hx, hy)
    check(wait(lambda: before.differs(studio.picture(histogram), 0.001), 3), 'a weight that is pointed at is marked in the distribution')
    for tab, name in (('Error share', 'Error against weights kept'), ('Rows', 'Outliers by row'), ('Columns', 'Outliers by column'), ('Heads', 'Outliers by head')):
        studio.click(page.find(tab, 'button'))
        chart = page.find(name, 'image')
        check(wait(lambda: chart.extents()[2] > 200 and studio.picture(chart).n_colours() > 8, 5), f'{name} is drawn')
        calm = studio.picture(heat)
        x, y = studio.place(chart, 0.5, 0.55)
        move(studio, x, y)
        check(wait(lambda: calm.differs(studio.picture(heat), 0.001), 5), f'{name}: pointing there points in the heat map')
        studio.picture().save(os.path.join(OUTPUT, f'layer-{tab.lower().replace(" ", "-")}.png'))
        if tab == 'Rows':
            click(studio, x, y)
            check(wait(page.cell, 5), 'a click on a row selects its largest weight', ask(page.readout, 'Name'))
    studio.click(page.find('Values', 'button'))
    move(studio, x, 5)


def difference(studio, page, heat):
    field = page.find('Field', 'combo box')
    studio.click(field)
    time.sleep(0.4)
    studio.key('Home', 'Down', 'Down', 'Down', 'Down', 'Return')
    check(wait(lambda: ask(heat, 'Name').startswith('Difference to a run of '), 10), 'the difference to a stored run can be chosen', ask(heat, 'Name'))
    later = Page(studio)
    later.find('Run to compare with', 'combo box')
    check(later.first(lambda n: n.role == 'label' and n.name.startswith('#1 ·')), 'the stored run is offered')
    low, high = (later.find(name, 'slider') for name in ('Lowest colour', 'Highest colour'))
    check(wait(lambda: value(low) == -value(high) < 0, 10), 'its colours are even around 0', (value(low), value(high)))
    check(wait(lambda: studio.picture(heat).n_colours() > 100, 10), 'it is drawn')
    x, y = studio.place(heat, 0.4, 0.4)
    move(studio, x, y)
    check(wait(lambda: ' · difference ' in ask(page.readout, 'Name').replace(chr(10), ' · '), 5), 'the readout says it', ask(page.readout, 'Name'))
    studio.settle(0.2)
    studio.picture().save(os.path.join(OUTPUT, 'layer-difference.png'))


def named(page):
    nameless = [node for node in page.nodes
                if node.has('focusable') and node.role in ('button', 'switch', 'text box', 'search box', 'slider', 'combo box', 'tab', 'image')
                and (node.name == '' or node.name.startswith(('Gtk', 'Spqr')))]
    check(not nameless, 'every control has a name', nameless)


def main():
    os.makedirs(OUTPUT, exist_ok=True)
    screen = Screen()
    database = os.path.join(screen.folder, 'runs.db')
    sample = shutil.copytree(SAMPLE, os.path.join(screen.folder, 'sample'))
    stored = subprocess.run([SPQR, 'quantize', sample, '--method', 'rtn', '--wbits', '4', '--db', database], capture_output=True, text=True)
    studio = Studio(screen, STUDIO, '--db', database, sample)
    try:
        need(stored.returncode == 0, 'a run is stored', stored.stderr)
        heat = open_layer(studio)
        page = Page(studio)
        named(page)
        colour_range(studio, page, heat)
        distributions(studio, page, heat)
        map_of_the_whole(studio, page, heat)
        difference(studio, page, heat)
        check(not quiet(studio), 'no warnings on standard error', '\n'.join(quiet(studio)))
    except Stop as stop:
        print(f'# What follows “{stop}” was not tried.')
        screen.picture().save(os.path.join(OUTPUT, 'failed-layer.png'))
    finally:
        studio.end()
        screen.close()
    print(f'1..{number}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
