"""Steps that several of the window tests take."""
import re

from test_studio_driver import check, need, wait

PAGES = {'Map': 'alt+1', 'Layer': 'alt+2', 'Runs': 'alt+3'}


def show_page(studio, name, landmark):
    """Shows a page by its key; landmark is the name of something only it has."""
    def turned():
        studio.wait_window('sample')
        studio.key(PAGES[name])
        return studio.wait_state(name, 'tab', 'selected', seconds=2)

    wait(turned)                        # a popover that is going may have had the key
    node = studio.wait_for(landmark)
    studio.settle()
    return node


def check_named(studio, where):
    nameless = studio.nameless()
    check(not nameless, f'every control has a name: {where}', '\n'.join(nameless))


def wait_map(studio):
    """Waits until the model's map is drawn."""
    canvas = need(studio.wait_for('Map of the model'), 'the map is there')
    need(wait(lambda: studio.is_drawn(canvas, 40)), 'and drawn')
    return canvas


def open_layer(studio, canvas):
    """Opens a layer from the map; its heat map."""
    studio.settle()
    studio.click(canvas, 0.42, 0.3)
    heat = need(studio.first(lambda n: n.role == 'image' and '.weight' in n.name and n.extents()[2] > 200), 'a click on a cell of the map shows that layer',
                [n for n in studio.nodes() if n.role == 'image'])
    need(wait(lambda: studio.is_drawn(heat, 100)), 'the heat map is drawn', studio.picture(heat).n_colours())
    need(studio.says('Whole layer, exact'), 'with its figures', studio.labels())
    studio.settle()
    return heat


def calibrate_layer(studio, windows):
    need(studio.press('Calibrate…'), 'the layer can be calibrated')
    window = need(studio.wait_window('Calibrate This Layer'), 'the calibration dialog opens')
    check_named(studio, 'calibration')
    entry = studio.entry('Calibration windows')
    studio.reveal(entry, window)
    studio.fill(entry, windows, window)
    studio.key('Return')                # takes the number
    studio.press('Calibrate', window)
    check(studio.wait_no_window('Calibrate This Layer'), 'the dialog closes')
    check(studio.says('(?i)^calibrated$'), 'the layer says that it is calibrated', studio.labels())
    studio.settle()


def open_quantization(studio, windows, model='sample'):
    """The dialog, with so many calibration windows in it."""
    studio.wait_window(model)
    studio.key('ctrl+shift+q')
    window = need(studio.wait_window('Quantize Model'), 'the quantization dialog opens by its key')
    fill_windows(studio, window, windows)
    return window


def fill_windows(studio, window, windows):
    entry = studio.entry('Calibration windows')
    studio.reveal(entry, window)
    studio.fill(entry, windows, window)
    studio.key('Return')


def start_quantization(studio, windows):
    window = open_quantization(studio, windows)
    need(studio.press('Quantize', window), 'it can be begun')
    need(studio.wait_no_window('Quantize Model'), 'the quantization begins')
    studio.wait_window('sample')


def save_pages(studio, suffix, figure):
    """The three pages; the map in the colours of a run, whose perplexity the figure is. The pointer is out of the way:
    what it would show is chance."""
    show_page(studio, 'Runs', 'Filter runs')
    studio.click(need(studio.wait_for(figure, 'label'), 'the finished run is in the table'))
    need(studio.press('Show on Map'), 'and can be shown on the map')
    need(studio.says('^of run '), 'the map shows the run', studio.labels())
    check(studio.says_no_more(' is (quantized|calibrated)$'), 'what told of the job has gone by itself', studio.labels())
    for name, landmark in (('Map', 'Map of the model'), ('Layer', 'Weight bits'), ('Runs', 'Filter runs')):
        studio.move(studio.screen.width - 20, studio.screen.height - 10)
        show_page(studio, name, landmark)
        file = name.lower() + suffix
        picture = studio.save(file)
        check(picture.n_colours() > 100, f'screenshot {file}.png', picture.n_colours())


def choose_tab(studio, name):
    studio.click(studio.wait_for(re.escape(name), 'tab'))
    studio.wait_state(re.escape(name), 'tab', 'selected')
    studio.settle()


def in_first_column(node):
    x, y, width, _ = node.extents()
    return width > 0 and x < 60 and y > 100


def select_runs(studio, *ids):
    """By clicks on their numbers, the second and further ones with Control."""
    for i, run_id in enumerate(ids):
        node = studio.first(lambda n: n.role == 'label' and n.name == str(run_id) and in_first_column(n))
        if i > 0:
            studio.display.hold('ctrl', True)
        studio.click(node)
        if i > 0:
            studio.display.hold('ctrl', False)
