#!/usr/bin/env python3
"""The Layer page, through the studio's real window: the map of the whole, the colours' range, what lies below the heat
map and how they point at each other, a stored run subtracted. Prints TAP.

Arguments: the studio's binary, the command line's binary, the sample model's folder, a folder for screenshots.
"""
import re

from test_studio_driver import Studio, check, need, run, wait
from test_studio_steps import check_named, open_layer, wait_map


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


def value(node):
    """What a slider says it stands at."""
    return float(node.ask('Description').replace('−', '-'))


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
        match = re.match(r'row (\d+) · column (\d+)', self.readout.ask('Name'))
        return (int(match[1]), int(match[2])) if match else None


def map_of_the_whole(studio, page, heat):
    x, y = studio.place(heat, 0.45, 0.4)
    whole = studio.picture(heat)
    studio.scroll(x, y, 8, button=4)
    studio.settle()
    check(whole.differs(studio.picture(heat), 0.1), 'the wheel zooms in')
    studio.click_at(x, y)               # the keyboard goes to the heat map
    studio.move(x, 5)
    studio.settle()
    with_map = studio.picture(heat)
    studio.key('m')
    studio.settle()
    box = changed_box(with_map, studio.picture(heat))
    need(box and box[2] > 60 and box[3] > 30 and box[2] < heat.extents()[2] / 2, 'zoomed in, a map of the whole stands in a corner, M hides it', box)
    studio.key('m')
    studio.settle()
    left, top = studio.place(heat, 0, 0)
    studio.move(x, y)
    before = wait(page.cell)
    studio.click_at(left + box[0] + 8, top + box[1] + 8)
    studio.settle()
    studio.move(x, y)
    after = wait(page.cell)
    check(before and after and after[0] < before[0] and after[1] < before[1], 'a click on it moves what is seen', f'{before} → {after}')
    studio.drag(left + box[0] + 10, top + box[1] + 10, box[2] - 20, box[3] - 20)
    studio.settle()
    studio.move(x, y)
    last = wait(page.cell)
    check(last and last[0] > before[0] and last[1] > before[1], 'and a drag there, too', f'{after} → {last}')
    studio.save('layer-zoomed')
    # A quick drag is let go in the middle of its way: the matrix glides on.
    def glides():
        studio.drag(x - 60, y - 30, 160, 60, quick=True)
        first = studio.picture(heat)
        return wait(lambda: first.differs(studio.picture(heat), 0.02), 2)

    check(wait(glides), 'a quick drag glides on')       # one that was not quick because others had the processor is none
    studio.key('0')
    studio.settle()


def colour_range(studio, page, heat):
    low, high = (page.find(name, 'slider') for name in ('Lowest colour', 'Highest colour'))
    before, picture = (value(low), value(high)), studio.picture(heat)
    check(before[0] < before[1], 'they say the range', before)
    x, y = studio.place(high)
    studio.drag(x, y, -80, 0)
    studio.settle()
    after = value(low), value(high)
    check(after[0] == before[0] and after[1] < before[1] / 2, 'the upper end can be dragged', f'{before} → {after}')
    check(picture.differs(studio.picture(heat), 0.05), 'and the colours follow')
    studio.key('Right', 'Right', 'Right')
    check(wait(lambda: value(high) > after[1]), 'or moved by keys', value(high))
    studio.settle()
    x, y = studio.place(high)
    x_low, _ = studio.place(low)
    studio.click_at((x + x_low) / 2, y, 2)
    check(wait(lambda: value(high) == before[1]), 'a double click on the bar goes back', value(high))
    clip = page.find('Percentile clip', 'combo box')
    studio.click(clip)
    studio.choose('End', 'Return')
    check(wait(lambda: value(high) < before[1] and value(low) > before[0]), 'the percentile clip narrows the range',
          f'{before} → {value(low), value(high)}')
    studio.move(x, 5)                   # no tooltip either
    wait(lambda: not any(window[6] for window in studio.windows()))     # the list takes a while to go, and a click meanwhile only ends it
    studio.click(clip)
    studio.choose('Up', 'Up', 'Return')
    check(wait(lambda: value(high) == before[1]), 'and back', value(high))
    studio.move(x, 5)
    studio.settle()


def grey_share(picture):
    pixels = [row[i:i + 3] for row in picture.rows[::3] for i in range(0, len(row), 12)]
    return sum(p[0] == p[1] == p[2] for p in pixels) / len(pixels)


def distributions(studio, page, heat):
    histogram = page.find('Distribution of Sensitivity', 'slider')
    coloured = grey_share(studio.picture(heat))
    x, y = studio.place(histogram, 0.7, 0.6)
    studio.move(x, y)
    check(wait(lambda: grey_share(studio.picture(heat)) > coloured + 0.1), 'a bar that is pointed at stands out in the heat map',
          f'{coloured} → {grey_share(studio.picture(heat))}')
    studio.move(x, 5)
    check(wait(lambda: grey_share(studio.picture(heat)) < coloured + 0.02), 'until the pointer leaves')
    before = studio.picture(histogram)
    hx, hy = studio.place(heat, 0.4, 0.4)
    studio.move(hx, hy)
    check(wait(lambda: before.differs(studio.picture(histogram), 0.001)), 'a weight that is pointed at is marked in the distribution')
    for tab, name in (('Error share', 'Error against weights kept'), ('Rows', 'Outliers by row'), ('Columns', 'Outliers by column'), ('Heads', 'Outliers by head')):
        studio.click(page.find(tab, 'button'))
        chart = page.find(name, 'image')
        check(wait(lambda: chart.extents()[2] > 200 and studio.picture(chart).n_colours() > 8), f'{name} is drawn')
        calm = studio.picture(heat)
        x, y = studio.place(chart, 0.5, 0.55)
        studio.move(x, y)
        check(wait(lambda: calm.differs(studio.picture(heat), 0.001)), f'{name}: pointing there points in the heat map')
        studio.save(f'layer-{tab.lower().replace(" ", "-")}')
        if tab == 'Rows':
            studio.click_at(x, y)
            check(wait(page.cell), 'a click on a row selects its largest weight', page.readout.ask('Name'))
    studio.click(page.find('Values', 'button'))
    studio.move(x, 5)


def difference(studio, page, heat):
    field = page.find('Field', 'combo box')
    studio.click(field)
    studio.choose('Home', 'Down', 'Down', 'Down', 'Down', 'Return')
    check(wait(lambda: heat.ask('Name').startswith('Difference to a run of ')), 'the difference to a stored run can be chosen', heat.ask('Name'))
    later = Page(studio)
    later.find('Run to compare with', 'combo box')
    check(later.first(lambda n: n.role == 'label' and n.name.startswith('#1 ·')), 'the stored run is offered')
    low, high = (later.find(name, 'slider') for name in ('Lowest colour', 'Highest colour'))
    check(wait(lambda: value(low) == -value(high) < 0), 'its colours are even around 0', (value(low), value(high)))
    check(wait(lambda: studio.picture(heat).n_colours() > 100), 'it is drawn')
    x, y = studio.place(heat, 0.4, 0.4)
    studio.move(x, y)
    check(wait(lambda: ' · difference ' in page.readout.ask('Name').replace(chr(10), ' · ')), 'the readout says it', page.readout.ask('Name'))
    studio.save('layer-difference')


def story(screen):
    screen.spqr('quantize', screen.sample, '--method', 'rtn', '--wbits', '4')
    studio = Studio(screen)
    need(studio.wait_window('sample'), 'the window opens')
    studio.resize('sample', 1280, 800)
    heat = open_layer(studio, wait_map(studio))
    check_named(studio, 'layer')
    page = Page(studio)
    colour_range(studio, page, heat)
    distributions(studio, page, heat)
    map_of_the_whole(studio, page, heat)
    difference(studio, page, heat)


run(story, animations=True)
