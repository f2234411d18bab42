"""Drives the studio's real window as a person does: a screen of its own (Xvfb), pointer and keys
(test_studio_x11), and what assistive programs are told (AT-SPI over its bus) to find controls and read them.
Counts the checks and prints them as TAP: run().

No window manager is assumed: the driver gives the keyboard to a new dialog itself. Nothing waits for a time, only for
what is to come; how long at most, says LIMIT.
"""
import ast
import ctypes
import json
import operator
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import zlib

try:
    from gi.repository import Gio, GLib         # python3-gi: the accessibility bus is read through its GIO
    missing = next((tool for tool in ('Xvfb', 'dbus-daemon') if shutil.which(tool) is None), None)
    from test_studio_x11 import Display
except ImportError:
    missing = 'python3-gi'
except OSError as error:
    missing = error
if missing is not None:
    print(f'1..0 # SKIP {missing} is not installed')
    sys.exit(0)

# Every window test has these arguments: the two programs, the sample model's folder, a folder for screenshots.
STUDIO, SPQR, SAMPLE, OUTPUT = (os.path.abspath(argument) for argument in sys.argv[1:5])
SOURCE = os.environ.get('SPQR_SOURCE_ROOT', os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
# Seconds for which something that must come is waited for: of no matter as long as it comes.
LIMIT = 90 * float(os.environ.get('SPQR_TEST_PATIENCE', 1))
PATIENCE_MS = int(1000 * LIMIT)

ACCESSIBLE = 'org.a11y.atspi.Accessible'
ROOT = '/org/a11y/atspi/accessible/root'
ROLES = {7: 'switch', 11: 'combo box', 20: 'widget', 23: 'window', 27: 'image', 29: 'label', 31: 'list', 32: 'list item', 35: 'menu item',
         37: 'tab', 38: 'tab list', 39: 'group', 43: 'button', 48: 'scroll bar', 49: 'group', 51: 'slider', 61: 'text box',
         66: 'tree grid', 79: 'search box', 90: 'row'}
# What takes the keyboard and so has to have a name; items of simple lists are read by their labels.
NAMED_ROLES = ('button', 'switch', 'text box', 'search box', 'slider', 'combo box', 'tab', 'image', 'row', 'list', 'tree grid', 'group',
               'widget')
# Without a window manager a window draws its own frame, which the places of things within it leave out.
FRAME = 5
# Whose rows nobody asks for: to read them all takes longer than everything else.
LONG_LISTS = ('Blocks and tensors',)
STATES = {'checked': 4, 'focusable': 11, 'focused': 12, 'modal': 16, 'pressed': 20, 'selected': 23, 'sensitive': 24,
          'visible': 30}
# Without the cursor's blinking and what only passes by, a window that has nothing to do looks the same twice. Two
# clicks are a double click where the driver makes them so, not where it is quick.
SETTINGS = '[Settings]\ngtk-cursor-blink=false\ngtk-enable-animations={animations}\ngtk-double-click-time=150\n'
APART = 0.2                             # seconds between two clicks that are two


# What the accessibility bus says, as GVariant prints it: to unpack it value by value takes ten times as long.
REFERENCE, TEXT = r"\('[^']*', '([^']*)'\)", r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CACHED = re.compile(rf'\({REFERENCE}, {REFERENCE}, {REFERENCE}, -?\d+, (-?\d+), \[[^]]*\], {TEXT}, (\d+), {TEXT}, \[(\d+), (\d+)\]\)')


# ---- checks ----

number = failures = 0


class Stop(Exception):
    """What follows cannot be tried."""


def check(good, name, explanation=''):
    global number, failures
    number += 1
    print(f'{"ok" if good else "not ok"} {number} - {name}', flush=True)
    if not good:
        failures += 1
        note(explanation)
    return good


def need(value, name, explanation=''):
    if not check(value, name, explanation):
        raise Stop(name)
    return value


def note(text):
    for line in str(text).splitlines():
        print(f'# {line}', flush=True)


def run(story, width=1920, height=1080, animations=False):
    """Tells a story, a function of a Screen, as a test of its own; ends the program with its exit status."""
    os.makedirs(OUTPUT, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))       # past the time: what was started is ended first
    screen = Screen(width, height, animations)
    try:
        story(screen)
        for studio in screen.studios:
            studio.end()
            check(not studio.complaints(), 'no warnings on standard error', '\n'.join(studio.complaints()))
    except Exception as stop:
        if not isinstance(stop, Stop):
            check(False, 'the test goes on', traceback.format_exc())
        note(f'What follows “{stop}” was not tried. Windows: {screen.display.windows("spqr-studio")}')
        for studio in screen.studios:
            note(f'Exit status {studio.process.poll()}\n{studio.errors()}')
        name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
        screen.picture().save(os.path.join(OUTPUT, f'failed-{name}.png'))
    finally:
        left = screen.close()
    check(not left, 'no process is left behind', left)
    print(f'1..{number}')
    sys.exit(1 if failures else 0)


def wait(condition, seconds=LIMIT, pause=0.05):
    """What condition() gives as soon as it is something; None after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except (AttributeError, StopIteration, IndexError, GLib.Error):
            value = None                # what it looks at is not there, or gone for a moment
        if value:
            return value
        if time.monotonic() > end:
            return None
        time.sleep(pause)
        pause = min(1.3 * pause, 0.5)   # who asks all the time takes the time of what is asked for


def end_with_us():
    """In a child: ends with the test, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)      # PR_SET_PDEATHSIG


class Picture:
    """What a part of the screen shows: rows of BGRX pixels."""

    def __init__(self, width, height, rows):
        self.width, self.height, self.rows = width, height, rows

    def n_colours(self):
        return len(set().union(*(memoryview(row).cast('I') for row in self.rows)))

    def differs(self, other, share=0.01):
        """At least this share of the pixels is another colour."""
        total = different = 0
        for mine, theirs in zip(self.rows, other.rows):
            total += len(mine) // 4
            if mine != theirs:
                different += sum(map(operator.ne, memoryview(mine).cast('I'), memoryview(theirs).cast('I')))
        return total > 0 and different >= share * total

    def save(self, path, small=False):
        """As PNG; to make it small takes longer than to draw it."""
        packed, above = bytearray(), bytes(3 * self.width)
        for row in self.rows:
            line = bytearray(3 * self.width)
            line[0::3], line[1::3], line[2::3] = row[2::4], row[1::4], row[0::4]
            kind, filtered = smallest_filter(line, above) if small else (0, line)
            packed.append(kind)
            packed += filtered
            above = line

        def chunk(tag, data):
            return struct.pack('>I', len(data)) + tag + data + struct.pack('>I', zlib.crc32(tag + data))

        with open(path, 'wb') as file:
            file.write(b'\x89PNG\r\n\x1a\n')
            file.write(chunk(b'IHDR', struct.pack('>IIBBBBB', self.width, self.height, 8, 2, 0, 0, 0)))
            file.write(chunk(b'IDAT', zlib.compress(bytes(packed), 9 if small else 1)))
            file.write(chunk(b'IEND', b''))


def smallest_filter(line, above):
    """The PNG filter, and the line by it, that leaves the smallest sum of differences."""
    kinds = {0: bytes(line),
             1: bytes((line[i] - (line[i - 3] if i >= 3 else 0)) & 255 for i in range(len(line))),
             2: bytes((a - b) & 255 for a, b in zip(line, above))}
    kind = min(kinds, key=lambda k: sum(min(v, 256 - v) for v in kinds[k]))
    return kind, kinds[kind]


class Screen:
    """A virtual screen with a session bus and folders of its own; close() ends all of it."""

    def __init__(self, width, height, animations):
        self.folder = tempfile.mkdtemp(prefix='spqr-studio-test-')
        self.width, self.height, self.studios, self.manager = width, height, [], None
        # As at home: screenshots show the paths.
        self.sample = shutil.copytree(SAMPLE, os.path.join(self.folder, 'models', 'sample'))
        self.database = os.path.join(self.folder, 'spqr', 'runs.db')
        os.makedirs(os.path.dirname(self.database))
        self.environment = dict(os.environ, GSK_RENDERER='cairo', GDK_BACKEND='x11', GSETTINGS_BACKEND='memory',
                                HOME=self.folder, LC_ALL='C.UTF-8', NO_AT_BRIDGE='0', GTK_USE_PORTAL='0')
        for name in ('GTK_A11Y', 'WAYLAND_DISPLAY', 'DBUS_SESSION_BUS_ADDRESS', 'AT_SPI_BUS_ADDRESS'):
            self.environment.pop(name, None)
        for name in ('DATA', 'CONFIG', 'CACHE', 'STATE'):
            self.environment[f'XDG_{name}_HOME'] = os.path.join(self.folder, name.lower())
        self.environment['XDG_RUNTIME_DIR'] = self.folder
        os.makedirs(os.path.join(self.folder, 'config', 'gtk-4.0'))
        with open(os.path.join(self.folder, 'config', 'gtk-4.0', 'settings.ini'), 'w') as file:
            file.write(SETTINGS.format(animations=str(animations).lower()))
        self.display = wait(lambda: self._start_server(width, height))
        self.bus = subprocess.Popen(['dbus-daemon', '--session', '--nofork', '--print-address=1'], text=True,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                    env=self.environment, preexec_fn=end_with_us)
        self.environment['DBUS_SESSION_BUS_ADDRESS'] = self.bus.stdout.readline().strip()
        address = self.connect().call_sync('org.a11y.Bus', '/org/a11y/bus', 'org.a11y.Bus', 'GetAddress', None, None, 0, -1, None)
        self.accessibility = self._connect(address.unpack()[0])

    def _start_server(self, width, height):
        """None: the server died, as it may where two that begin at once agree on one number."""
        ours, theirs = os.pipe()
        self.server = subprocess.Popen(['Xvfb', '-displayfd', str(theirs), '-screen', '0', f'{width}x{height}x24',
                                        '-fbdir', self.folder, '-noreset', '-nolisten', 'tcp'],
                                       pass_fds=[theirs], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, preexec_fn=end_with_us)
        os.close(theirs)
        with open(ours) as answer:      # to the end of the line: the server writes it in two pieces
            self.environment['DISPLAY'] = ':' + answer.readline().strip()
        try:
            display = Display(self.environment['DISPLAY'])
        except OSError:
            display = None
        if display is not None and self.server.poll() is None and display.size() == (width, height):
            return display
        self.server.terminate()
        self.server.wait()
        return None

    def manage(self):
        """Begins a window manager. False: none is installed."""
        if shutil.which('openbox') is None:
            return False
        self.manager = subprocess.Popen(['openbox', '--sm-disable'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env=self.environment, preexec_fn=end_with_us)
        return wait(self.display.is_managed)

    def connect(self):
        """Another connection to the session's bus."""
        return self._connect(self.environment['DBUS_SESSION_BUS_ADDRESS'])

    @staticmethod
    def _connect(address):
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        return Gio.DBusConnection.new_for_address_sync(address, flags, None, None)

    def spqr(self, *arguments):
        """The command line's answer, from its JSON, with this screen's history; Stop with its message where it fails."""
        answer = subprocess.run([SPQR, *map(str, arguments), '--json', '--quiet', '--db', self.database], capture_output=True, text=True)
        if answer.returncode != 0:
            raise Stop(f'spqr {" ".join(map(str, arguments))}: {answer.stderr}')
        return json.loads(answer.stdout)

    def runs(self, state=None):
        """The runs of the history, the newest last; of one state only."""
        found = sorted(self.spqr('runs', 'list')['runs'], key=lambda run: run['id'])
        return [run for run in found if state in (None, run['state'])]

    def wait_run(self, state):
        """Waits for a run in that state."""
        return wait(lambda: self.runs(state)[-1])

    def picture(self, x=0, y=0, width=None, height=None):
        """Straight from the server's frame buffer (an XWD file)."""
        with open(os.path.join(self.folder, 'Xvfb_screen0'), 'rb') as file:
            data = file.read()
        header = struct.unpack('>25I', data[:100])
        start, stride = header[0] + 12 * header[19], header[12]
        width, height = width or header[4] - x, height or header[5] - y
        return Picture(width, height, [data[start + row * stride + 4 * x:start + row * stride + 4 * (x + width)]
                                       for row in range(y, y + height)])

    def _processes(self):
        """What runs with the home that only this test has: also what its bus has started."""
        mark, found = f'HOME={self.folder}'.encode(), []
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{pid}/environ', 'rb') as file:
                    environment = file.read().split(b'\0')
                with open(f'/proc/{pid}/comm') as file:
                    name = file.read().strip()
            except OSError:
                continue
            if mark in environment:
                found.append((int(pid), name))
        return found

    def close(self):
        """Ends all that was started here; gives what did not end by itself."""
        for studio in self.studios:
            studio.end()
        self.display.close()
        for process in filter(None, (self.manager, self.bus, self.server)):
            process.terminate()
            process.wait()
        wait(lambda: not self._processes(), LIMIT / 3)
        left = self._processes()
        for pid, _ in left:
            os.kill(pid, signal.SIGKILL)
        self.bus.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return left


class Item:
    """What GTK's cache holds of an accessible thing."""

    def __init__(self, match):
        self.path, _, self.parent, children, name, role, _, low, high = match.groups()
        self.children, self.role, self.bits = int(children), ROLES.get(int(role), role), int(low) | int(high) << 32
        self.name = ast.literal_eval(name) if '\\' in name else name[1:-1]

    def is_parent(self):
        return self.children != 0 and self.name not in LONG_LISTS


class Node:
    """One accessible thing of the window, as it was when it was read."""

    def __init__(self, studio, path, item):
        self.studio, self.path, self.parent = studio, path, item.parent
        self.role, self.bits, self.name = item.role, item.bits, item.name
        # GTK 4.8 says a button's label twice, once with its mnemonic's underscore.
        once = self.name.replace('_', '')
        if self.role == 'button' and once[:len(once) // 2] == once[len(once) // 2 + 1:]:
            self.name = once[:len(once) // 2]

    def has(self, state):
        return bool(self.bits >> STATES[state] & 1)

    def extents(self):
        """x, y, width, height within its window."""
        return self.studio.call(self.path, 'org.a11y.atspi.Component', 'GetExtents', GLib.Variant('(u)', (1,)))[0]

    def shown(self):
        """It has a place. What has none is another page's, or a dialog's buttons in the arrangement that did not fit."""
        try:
            return self.extents()[2] > 0
        except GLib.Error:
            return False

    def text(self):
        """What an entry holds."""
        return self.studio.call(self.path, 'org.a11y.atspi.Text', 'GetText', GLib.Variant('(ii)', (0, 10000)))[0]

    def ask(self, what):
        """Its Name or Description now."""
        return self.studio.call(self.path, 'org.freedesktop.DBus.Properties', 'Get', GLib.Variant('(ss)', (ACCESSIBLE, what)))[0]

    def __repr__(self):
        return f'{self.role} “{self.name}”'


class Gap:
    """A pause of the main loop, in seconds: for how long it did not come round, and worked in it, and was kept from it by
    others who had the processor."""

    def __init__(self, when, pause, busy, queued):
        self.when, self.pause, self.busy = when, pause, busy
        self.ours = max(busy, pause - queued)

    def __repr__(self):
        return f'{1000 * self.pause:.0f} ms ({1000 * self.busy:.0f} at work, {1000 * self.ours:.0f} our own)'


class Studio:
    """One running studio."""

    def __init__(self, screen, *arguments, **environment):
        """On the sample model with the screen's history, or as the arguments say."""
        self.screen, self.display = screen, screen.display
        self.errors_path = tempfile.mktemp(dir=screen.folder, prefix='stderr-')
        self.probe_path = tempfile.mktemp(dir=screen.folder, prefix='probe-')
        with open(self.errors_path, 'wb') as errors:
            self.process = subprocess.Popen([STUDIO, *(arguments or ('--db', screen.database, screen.sample))], stdin=subprocess.DEVNULL, stderr=errors, stdout=errors,
                                            preexec_fn=end_with_us,
                                            env=dict(screen.environment, SPQR_LOOP_PROBE=self.probe_path, **environment))
        self.begun, self.bus, self.clicked, self.order, self.items = time.monotonic(), None, 0.0, [], {}
        screen.studios.append(self)

    # ---- what it says ----

    def _ask(self, path, interface, method, arguments=None):
        return self.screen.accessibility.call_sync(self.bus, path, interface, method, arguments, None, 0, PATIENCE_MS, None)

    def call(self, path, interface, method, arguments=None):
        return self._ask(path, interface, method, arguments).unpack()

    def _find_bus(self):
        children = self.screen.accessibility.call_sync('org.a11y.atspi.Registry', ROOT, ACCESSIBLE,
                                                       'GetChildren', None, None, 0, PATIENCE_MS, None).unpack()[0]
        for name, _ in children:
            try:
                pid = self.screen.accessibility.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus',
                                                          'GetConnectionUnixProcessID', GLib.Variant('(s)', (name,)), None, 0,
                                                          PATIENCE_MS, None).unpack()[0]
            except GLib.Error:
                continue
            if pid == self.process.pid:
                self.bus = name
                return True
        return False

    def nodes(self):
        """Everything accessible, in the order of the tree. GTK's cache tells all about a thing in one
        answer, but knows only what somebody has asked for: so its children are asked for first."""
        try:
            if self.bus is None and not self._find_bus():
                return []
            known, children = self.items, {}
            # All questions of a level at once; most levels are those of the last time.
            asked = {ROOT, *(path for path in self.order if path in known and known[path].is_parent())}
            while asked:
                while asked:
                    children.update(self._children(asked))
                    asked = {path for answer in map(children.get, asked) for path in answer
                             if path not in children and (path not in known or known[path].is_parent())}
                known = self._cached()
                order, stack = [], [ROOT]
                while stack:
                    path = stack.pop()
                    order.append(path)
                    stack += reversed(children.get(path, ()))
                asked = {path for path in order if path in known and path not in children and known[path].is_parent()}
            self.items = known
            self.order = [path for path in order if path in known]
            return [Node(self, path, known[path]) for path in self.order]
        except GLib.Error:
            return []

    def _children(self, paths):
        """What each of them says its children are; none where it has gone since it was named."""
        answers, context = {}, GLib.MainContext.default()

        def done(connection, result, path):
            try:
                answers[path] = re.findall("'(/[^']*)'", connection.call_finish(result).print_(False))
            except GLib.Error:
                answers[path] = []

        for path in paths:
            self.screen.accessibility.call(self.bus, path, ACCESSIBLE, 'GetChildren', None, None, 0, PATIENCE_MS, None, done, path)
        while len(answers) < len(paths):
            context.iteration(True)
        return answers

    def _cached(self):
        answer = self._ask('/org/a11y/atspi/cache', 'org.a11y.atspi.Cache', 'GetItems')
        items = [Item(match) for match in CACHED.finditer(answer.print_(False))]
        assert len(items) == answer.get_child_value(0).n_children()
        return {item.path: item for item in items}

    def known(self):
        """What was there when all was read last, as it is now: by one question. What has come since is not in it."""
        try:
            known = self._cached() if self.order else {}
        except GLib.Error:
            known = {}
        return [Node(self, path, known[path]) for path in self.order if path in known]

    def first(self, wanted, seconds=LIMIT):
        """The last thing in the order of the tree that is shown and for which wanted(node) holds, as soon as there is
        one; None after so many seconds."""
        return wait(lambda: next((node for node in reversed(self.nodes()) if wanted(node) and node.shown()), None), seconds)

    def find(self, name=None, role=None):
        """The last thing of that name (a regular expression) and role that is shown now, or None."""
        return next((node for node in reversed(self.nodes()) if is_called(node, name, role) and node.shown()), None)

    def wait_for(self, name=None, role=None, seconds=LIMIT):
        return self.first(lambda node: is_called(node, name, role), seconds)

    def wait_state(self, name, role, *states, seconds=LIMIT):
        """Waits until such a thing is in these states; “not selected” is one, too."""
        return self.first(lambda node: is_called(node, name, role) and
                          all(node.has(state.split()[-1]) != state.startswith('not ') for state in states), seconds)

    def entry(self, name):
        """The entry of that name that is in front."""
        return self.wait_for(name, 'text box')

    def says(self, pattern, seconds=LIMIT):
        """The text of a label that has the pattern in it, as soon as there is one."""
        return wait(lambda: next((text for text in self.labels() if re.search(pattern, text)), None), seconds)

    def says_no_more(self, pattern, seconds=LIMIT):
        return wait(lambda: not any(re.search(pattern, text) for text in self.labels()), seconds)

    def labels(self):
        return [node.name for node in self.nodes() if node.role == 'label']

    def nameless(self):
        """Controls that take the keyboard and have no name."""
        return [f'{node} {node.extents()}' for node in self.nodes() if node.has('focusable') and node.role in NAMED_ROLES and
                (node.name.strip() in ('', '(None)') or node.name.startswith(('Gtk', 'Adw', 'Spqr'))) and node.shown()]

    def errors(self):
        with open(self.errors_path, errors='replace') as file:
            return file.read()

    def complaints(self):
        return [line for line in self.errors().splitlines() if any(word in line for word in ('WARNING', 'CRITICAL', 'ERROR'))]

    def gaps(self, since=0.0):
        """When the main loop did not come round, longest first."""
        try:
            with open(self.probe_path) as file:
                gaps = [Gap(*map(float, line.split())) for line in file if line.endswith('\n')]
        except FileNotFoundError:
            return []
        return sorted((gap for gap in gaps if gap.when >= since), key=lambda gap: gap.pause, reverse=True)

    # ---- its windows ----

    def windows(self):
        """(id, title, x, y, width, height, popup) of what it has on the screen, topmost first."""
        return self.display.windows('spqr-studio')

    def top_window(self):
        return next(window for window in self.windows() if not window[6])

    def wait_window(self, title, seconds=LIMIT):
        """Waits for a window of that title (a regular expression) and gives it the keyboard."""
        def look():
            window = next((w for w in self.windows() if not w[6] and re.fullmatch(title, w[1])), None)
            return window if window is not None and self.display.focus(window[0]) else None
        return wait(look, seconds)

    def wait_no_window(self, title, seconds=LIMIT):
        return wait(lambda: not any(re.fullmatch(title, w[1]) for w in self.windows()), seconds)

    def wait_dialog(self):
        """Waits for a window in front of the only one that there is now, and gives it the keyboard."""
        return wait(lambda: len([w for w in self.windows() if not w[6]]) > 1 and self.display.focus(self.windows()[0][0]) and self.windows()[0])

    def resize(self, title, width, height):
        """Within the frame that a window manager would have drawn."""
        window = self.wait_window(title)
        self.display.resize(window[0], width + 2 * FRAME, height + 2 * FRAME)
        self.display.move_window(window[0], -FRAME, -FRAME)
        wait(lambda: self.windows()[-1][4:6] == (width + 2 * FRAME, height + 2 * FRAME))
        need(self.first(lambda n: n.role == 'window' and n.extents()[2:] == (width, height)), f'the window is {width} × {height}',
             [(n, n.extents()) for n in self.nodes() if n.role == 'window'])
        self.settle()

    # ---- pointer and keys ----

    def answers(self):
        """Waits until it has come round: what was done to it before is done by it then."""
        if self.bus is not None:
            try:
                self.call(ROOT, 'org.freedesktop.DBus.Properties', 'Get', GLib.Variant('(ss)', (ACCESSIBLE, 'Name')))
            except GLib.Error:
                pass                    # it has ended

    def key(self, *keys):
        """Each such as “ctrl+shift+q”; the next one when the last has been taken."""
        for key in keys:
            self.display.key(key)
            self.answers()

    def type(self, text):
        self.display.type(text)
        self.answers()

    def focused(self, name, role=None, seconds=LIMIT):
        """Waits until the keyboard is there."""
        return wait(lambda: next((node for node in self.nodes() if node.has('focused') and is_called(node, name, role)), None), seconds)

    def tab_to(self, name, role=None, at_most=40):
        """Walks by Tab to a control: as far as the keyboard goes, so do those who have nothing else."""
        for _ in range(at_most):
            before = self._focus()
            if any(is_called(node, re.escape(name), role) for node in before):
                return before[-1]
            self.key('Tab')
            wait(lambda: [node.path for node in self._focus()] != [node.path for node in before], 1)
        return None

    def _focus(self):
        """Where the keyboard is: one thing in each window, each with the keyboard when its window has it."""
        return [node for node in self.known() if node.has('focused')] or [node for node in self.nodes() if node.has('focused')]

    def choose(self, *keys):
        """Walks by keys in the list or the menu that is opening, and ends it: where a popover is, GTK 4.8 does not tell."""
        def inside():
            return any(node.role in ('list item', 'menu item') and node.has('focused') for node in self.nodes())

        need(wait(inside), 'the keyboard is in the list')
        self.key(*keys)
        wait(lambda: not inside())

    def place(self, node, across=0.5, down=0.5, window=None):
        x, y, width, height = node.extents()
        left, top = (window or self.top_window())[2:4]
        return round(left + FRAME + x + width * across), round(top + FRAME + y + height * down)

    def move(self, x, y):
        self.display.move(x, y)
        self.answers()

    def click_at(self, x, y, times=1, button=1):
        self.display.move(x - 1, y)     # where the pointer only stays, as under a popover that has gone, it is not seen
        self.move(x, y)
        time.sleep(max(0, self.clicked + APART - time.monotonic()))
        self.display.click(button, times)
        self.clicked = time.monotonic()
        self.answers()

    def click(self, node, across=0.5, down=0.5, window=None, times=1):
        self.click_at(*self.place(node, across, down, window), times)

    def press(self, name, window=None):
        """Clicks a button as soon as it can be clicked."""
        node = self.wait_state(name, 'button', 'sensitive')
        if node is not None:
            self.click(node, window=window)
        return node

    def scroll(self, x, y, steps, button=5):
        self.move(x, y)
        self.display.click(button, steps)
        self.answers()

    def drag(self, x, y, dx, dy, quick=False):
        """Slowly, each step when the last has been taken; or quickly, in less than a tenth of a second."""
        self.move(x, y)
        self.display.button(True)
        for step in range(1, 9):
            time.sleep(0.01)
            self.display.move(x + dx * step / 8, y + dy * step / 8)
            if not quick:
                self.answers()
        self.display.button(False)
        self.answers()

    def reveal(self, node, window):
        """Scrolls a dialog until a thing is within it."""
        def within():
            _, y, _, height = node.extents()
            if y + height < window[5] - 90:
                return True
            self.scroll(window[2] + 12, window[3] + window[5] // 2, 3)
            return False
        return wait(within, pause=0.1)

    def fill(self, node, text, window=None):
        """Puts the keyboard into an entry and replaces what it holds, without ending it by Return."""
        self.click(node, window=window)
        self.retype(node, text)

    def retype(self, node, text):
        """The same in the entry that has the keyboard."""
        self.key('ctrl+a')
        self.type(str(text))
        wait(lambda: node.text().startswith(str(text)))     # a list of completions may have added to it

    def choose_file(self, title, path):
        """Types a path into a file dialog."""
        if self.wait_window(title) is None:
            return False
        opens = title.startswith('Open')
        entry = None
        if opens:
            # The keyboard turns its list into an entry, once it is there.
            entry = wait(lambda: (self.key('ctrl+l'), self.first(lambda n: n.role == 'text box' and n.has('focused'), 1))[1])
        else:
            entry = self.first(lambda n: n.role == 'text box' and n.has('focused'))
        if entry is None:
            return False
        self.retype(entry, path)
        # The first Return may only close the list of completions.
        return wait(lambda: (self.key('Return'), self.wait_no_window(title, 2))[1])

    def answer_message(self, contains):
        """Waits for a message dialog, gives what it says, closes it."""
        text = self.says(re.escape(contains))
        if text is not None:
            self.display.focus(self.windows()[0][0])
            self.key('Escape')
            self.says_no_more(re.escape(text))
        return text

    # ---- pictures ----

    def picture(self, node=None, window=None):
        """Of a node, or of a whole window (the lowest: the main one)."""
        where = window or next(w for w in reversed(self.windows()) if not w[6])
        if node is None:
            return self.screen.picture(where[2] + FRAME, where[3] + FRAME, where[4] - 2 * FRAME, where[5] - 2 * FRAME)
        x, y, width, height = node.extents()
        return self.screen.picture(where[2] + FRAME + x, where[3] + FRAME + y, width, height)

    def is_drawn(self, node, colours):
        return node.extents()[2] > 0 and self.picture(node).n_colours() > colours

    def settle(self, calm=0.15):
        """Waits until it answers and the picture does not change any more."""
        def still():
            before = self.picture().rows
            self.answers()
            time.sleep(calm)
            self.answers()
            return self.picture().rows == before
        self.answers()
        wait(still, 20, 0)

    def save(self, name, window=None, small=False):
        """A screenshot, when it has come to rest."""
        self.settle()
        picture = self.picture(window=window)
        picture.save(os.path.join(OUTPUT, f'{name}.png'), small)
        return picture

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(LIMIT / 3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def is_called(node, name, role=None):
    return (role is None or node.role == role) and (name is None or re.fullmatch(name, node.name) is not None)
