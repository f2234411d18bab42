"""Drives the studio's real window as a person does: a screen of its own (Xvfb), pointer and keys
(xdotool), and what assistive programs are told (AT-SPI over its bus) to find controls and read them.

No window manager is assumed: the driver gives the keyboard to a new dialog itself.
"""
import ctypes
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import zlib

from gi.repository import Gio, GLib

ACCESSIBLE = 'org.a11y.atspi.Accessible'
ROLES = {7: 'switch', 11: 'combo box', 20: 'widget', 23: 'window', 27: 'image', 29: 'label', 31: 'list', 32: 'list item',
         37: 'tab', 38: 'tab list', 39: 'group', 43: 'button', 48: 'scroll bar', 49: 'group', 51: 'slider', 61: 'text box',
         66: 'tree grid', 79: 'search box', 90: 'row'}
# Without a window manager a window draws its own frame, which the places of things within it leave out.
FRAME = 5
# Whose rows nobody asks for: to read them all takes longer than everything else.
LONG_LISTS = ('Blocks and tensors',)
STATES = {'checked': 4, 'focusable': 11, 'focused': 12, 'modal': 16, 'pressed': 20, 'selected': 23, 'sensitive': 24,
          'visible': 30}


def end_with_us():
    """In a child: ends with the test, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)      # PR_SET_PDEATHSIG


class Picture:
    """What a part of the screen shows: rows of BGRX pixels."""

    def __init__(self, width, height, rows):
        self.width, self.height, self.rows = width, height, rows

    def n_colours(self):
        return len({row[i:i + 4] for row in self.rows for i in range(0, len(row), 4)})

    def differs(self, other, share=0.01):
        """At least this share of the pixels is another colour."""
        total = different = 0
        for mine, theirs in zip(self.rows, other.rows):
            total += len(mine) // 4
            if mine != theirs:
                different += sum(mine[i:i + 4] != theirs[i:i + 4] for i in range(0, len(mine), 4))
        return total > 0 and different >= share * total

    def save(self, path):
        """As PNG, every row by the filter that leaves the smallest sum of differences."""
        packed, above = bytearray(), bytes(3 * self.width)
        for row in self.rows:
            line = bytearray(3 * self.width)
            line[0::3], line[1::3], line[2::3] = row[2::4], row[1::4], row[0::4]
            kinds = {0: bytes(line),
                     1: bytes((line[i] - (line[i - 3] if i >= 3 else 0)) & 255 for i in range(len(line))),
                     2: bytes((a - b) & 255 for a, b in zip(line, above))}
            kind = min(kinds, key=lambda k: sum(min(v, 256 - v) for v in kinds[k]))
            packed.append(kind)
            packed += kinds[kind]
            above = bytes(line)

        def chunk(tag, data):
            return struct.pack('>I', len(data)) + tag + data + struct.pack('>I', zlib.crc32(tag + data))

        with open(path, 'wb') as file:
            file.write(b'\x89PNG\r\n\x1a\n')
            file.write(chunk(b'IHDR', struct.pack('>IIBBBBB', self.width, self.height, 8, 2, 0, 0, 0)))
            file.write(chunk(b'IDAT', zlib.compress(bytes(packed), 9)))
            file.write(chunk(b'IEND', b''))


class Screen:
    """A virtual screen with a session bus and folders of its own; close() ends all of it."""

    def __init__(self, width=1920, height=1080):
        self.folder = tempfile.mkdtemp(prefix='spqr-studio-test-')
        self.environment = dict(os.environ, GSK_RENDERER='cairo', GDK_BACKEND='x11', GSETTINGS_BACKEND='memory',
                                HOME=self.folder, LC_ALL='C.UTF-8', NO_AT_BRIDGE='0', GTK_USE_PORTAL='0')
        for name in ('GTK_A11Y', 'WAYLAND_DISPLAY', 'DBUS_SESSION_BUS_ADDRESS', 'AT_SPI_BUS_ADDRESS'):
            self.environment.pop(name, None)
        for name in ('DATA', 'CONFIG', 'CACHE', 'STATE'):
            self.environment[f'XDG_{name}_HOME'] = os.path.join(self.folder, name.lower())
        self.environment['XDG_RUNTIME_DIR'] = self.folder
        for _ in range(5):
            if self._start_server(width, height):
                break
        self.bus = subprocess.Popen(['dbus-daemon', '--session', '--nofork', '--print-address=1'], text=True,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                    env=self.environment, preexec_fn=end_with_us)
        self.environment['DBUS_SESSION_BUS_ADDRESS'] = self.bus.stdout.readline().strip()
        session = self._connect(self.environment['DBUS_SESSION_BUS_ADDRESS'])
        address = session.call_sync('org.a11y.Bus', '/org/a11y/bus', 'org.a11y.Bus', 'GetAddress', None, None, 0, -1, None)
        self.accessibility = self._connect(address.unpack()[0])

    def _start_server(self, width, height):
        """False: the server died, as it may where two that begin at once agree on one number."""
        ours, theirs = os.pipe()
        self.server = subprocess.Popen(['Xvfb', '-displayfd', str(theirs), '-screen', '0', f'{width}x{height}x24',
                                        '-fbdir', self.folder, '-noreset', '-nolisten', 'tcp'],
                                       pass_fds=[theirs], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, preexec_fn=end_with_us)
        os.close(theirs)
        with open(ours) as answer:      # to the end of the line: the server writes it in two pieces
            self.environment['DISPLAY'] = ':' + answer.readline().strip()
        return self.server.poll() is None and self.run('xdotool', 'getdisplaygeometry') == f'{width} {height}\n'

    @staticmethod
    def _connect(address):
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        return Gio.DBusConnection.new_for_address_sync(address, flags, None, None)

    def run(self, *command):
        return subprocess.run(command, env=self.environment, capture_output=True, text=True).stdout

    def picture(self, x=0, y=0, width=None, height=None):
        """Straight from the server's frame buffer (an XWD file)."""
        with open(os.path.join(self.folder, 'Xvfb_screen0'), 'rb') as file:
            data = file.read()
        header = struct.unpack('>25I', data[:100])
        start, stride = header[0] + 12 * header[19], header[12]
        width, height = width or header[4] - x, height or header[5] - y
        return Picture(width, height, [data[start + row * stride + 4 * x:start + row * stride + 4 * (x + width)]
                                       for row in range(y, y + height)])

    def close(self):
        for process in (self.bus, self.server):
            process.terminate()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Node:
    """One accessible thing of the window, as it was when it was read."""

    def __init__(self, studio, path, item):
        self.studio, self.path, self.parent = studio, path, item[2][1]
        self.role, self.bits = ROLES.get(item[7], str(item[7])), item[9][0] | item[9][1] << 32
        self.name = item[6]
        # GTK 4.8 says a button's label twice, once with its mnemonic's underscore.
        once = self.name.replace('_', '')
        if self.role == 'button' and once[:len(once) // 2] == once[len(once) // 2 + 1:]:
            self.name = once[:len(once) // 2]

    def has(self, state):
        return bool(self.bits >> STATES[state] & 1)

    def extents(self):
        """x, y, width, height within its window."""
        return self.studio.call(self.path, 'org.a11y.atspi.Component', 'GetExtents', GLib.Variant('(u)', (1,)))[0]

    def text(self):
        """What an entry holds."""
        return self.studio.call(self.path, 'org.a11y.atspi.Text', 'GetText', GLib.Variant('(ii)', (0, 10000)))[0]


    def __repr__(self):
        return f'{self.role} “{self.name}”'


class Studio:
    """One running studio."""

    def __init__(self, screen, binary, *arguments, **environment):
        self.screen = screen
        self.errors_path = tempfile.mktemp(dir=screen.folder, prefix='stderr-')
        self.probe_path = tempfile.mktemp(dir=screen.folder, prefix='probe-')
        with open(self.errors_path, 'wb') as errors:
            self.process = subprocess.Popen([binary, *arguments], stdin=subprocess.DEVNULL, stderr=errors, stdout=errors,
                                            preexec_fn=end_with_us,
                                            env=dict(screen.environment, SPQR_LOOP_PROBE=self.probe_path, **environment))
        self.begun = time.monotonic()
        self.bus = None

    # ---- what it says ----

    def call(self, path, interface, method, arguments=None):
        return self.screen.accessibility.call_sync(self.bus, path, interface, method, arguments, None, 0, 10000, None).unpack()

    def _find_bus(self):
        children = self.screen.accessibility.call_sync('org.a11y.atspi.Registry', '/org/a11y/atspi/accessible/root', ACCESSIBLE,
                                                       'GetChildren', None, None, 0, 10000, None).unpack()[0]
        for name, _ in children:
            try:
                pid = self.screen.accessibility.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus',
                                                          'GetConnectionUnixProcessID', GLib.Variant('(s)', (name,)), None, 0,
                                                          10000, None).unpack()[0]
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
            known, order, queue = self._cached(), [], ['/org/a11y/atspi/accessible/root']
            queue = [path for _, path in self.call(queue[0], ACCESSIBLE, 'GetChildren')[0]]
            while queue:
                path = queue.pop(0)
                order.append(path)
                if path not in known or (known[path][5] != 0 and known[path][6] not in LONG_LISTS):
                    queue[:0] = self._children(path)
            known = self._cached()
            return [Node(self, path, known[path]) for path in order if path in known]
        except GLib.Error:
            return []

    def _children(self, path):
        try:
            return [child for _, child in self.call(path, ACCESSIBLE, 'GetChildren')[0]]
        except GLib.Error:
            return []                   # gone since its parent named it

    def _cached(self):
        return {item[0][1]: item for item in self.call('/org/a11y/atspi/cache', 'org.a11y.atspi.Cache', 'GetItems')[0]}

    def find(self, name=None, role=None, nodes=None):
        """The last thing on the screen of that name (a regular expression) and role, or None. What has no
        place is not shown: another page's, or a dialog's buttons in the arrangement that did not fit."""
        for node in reversed(nodes if nodes is not None else self.nodes()):
            if (role is None or node.role == role) and (name is None or re.fullmatch(name, node.name)) and self._has_place(node):
                return node
        return None

    @staticmethod
    def _has_place(node):
        try:
            return node.extents()[2] > 0
        except GLib.Error:
            return False

    def wait_for(self, name=None, role=None, seconds=20):
        return wait(lambda: self.find(name, role), seconds)

    def labels(self):
        return [node.name for node in self.nodes() if node.role == 'label']

    def errors(self):
        with open(self.errors_path, errors='replace') as file:
            return file.read()

    def gaps(self, since=0.0):
        """(seconds for which the main loop did not come round, seconds that it worked in them), longest first."""
        try:
            with open(self.probe_path) as file:
                gaps = [[float(word) for word in line.split()] for line in file if line.endswith('\n')]
        except FileNotFoundError:
            return []
        return sorted(((gap, busy) for when, gap, busy in gaps if when >= since), reverse=True)

    # ---- its windows ----

    def windows(self):
        """(id, title, x, y, width, height, popup) of what it has on the screen, topmost first."""
        # A window that goes while the tree is read ends the reading: then once more.
        return wait(self._read_windows, 2) or []

    def _read_windows(self):
        found = []
        for line in self.screen.run('xwininfo', '-root', '-tree').splitlines():
            match = re.match(r' {5}(0x[0-9a-f]+) "(.*)": \("spqr-studio" .*?\)\s+(\d+)x(\d+)\+-?\d+\+-?\d+\s+\+(-?\d+)\+(-?\d+)', line)
            if match is None or int(match[3]) < 10:
                continue
            details = self.screen.run('xwininfo', '-id', match[1])
            if 'Map State: IsViewable' in details:
                found.append((match[1], match[2], int(match[5]), int(match[6]), int(match[3]), int(match[4]),
                              'Override Redirect State: yes' in details))
        return found

    def wait_window(self, title, seconds=20):
        """Waits for a window of that title (a regular expression) and gives it the keyboard."""
        window = wait(lambda: next((w for w in self.windows() if not w[6] and re.fullmatch(title, w[1])), None), seconds)
        if window is not None:
            self.screen.run('xdotool', 'windowfocus', '--sync', window[0])
        return window

    def wait_no_window(self, title, seconds=20):
        return wait(lambda: not any(re.fullmatch(title, w[1]) for w in self.windows()), seconds)

    # ---- pointer and keys ----

    def key(self, *keys):
        self.screen.run('xdotool', 'key', '--delay', '25', *keys)

    def tab_to(self, name, role=None, at_most=20):
        """Walks by Tab to a control: as far as the keyboard goes, so do those who have nothing else."""
        for _ in range(at_most):
            node = next((n for n in self.nodes() if n.has('focused') and n.name == name and (role is None or n.role == role)), None)
            if node is not None:
                return node
            self.key('Tab')
            time.sleep(0.15)
        return None

    def type(self, text):
        self.screen.run('xdotool', 'type', '--delay', '12', text)

    def place(self, node, across=0.5, down=0.5, window=None):
        x, y, width, height = node.extents()
        _, _, left, top = (window or next(w for w in self.windows() if not w[6]))[:4]
        return round(left + FRAME + x + width * across), round(top + FRAME + y + height * down)

    def click(self, node, across=0.5, down=0.5, window=None, clicks=1, button=1):
        x, y = self.place(node, across, down, window)
        self.screen.run('xdotool', 'mousemove', '--sync', str(x), str(y), 'sleep', '0.05',
                        'click', '--repeat', str(clicks), '--delay', '60', str(button))

    def picture(self, node=None, window=None):
        """Of a node, or of a whole window (the lowest: the main one)."""
        where = window or next(w for w in reversed(self.windows()) if not w[6])
        if node is None:
            return self.screen.picture(where[2] + FRAME, where[3] + FRAME, where[4] - 2 * FRAME, where[5] - 2 * FRAME)
        x, y, width, height = node.extents()
        return self.screen.picture(where[2] + FRAME + x, where[3] + FRAME + y, width, height)

    def settle(self, seconds=0.4):
        """Waits until the picture does not change any more."""
        before = None
        for _ in range(30):
            now = self.picture().rows
            if now == before:
                return
            before = now
            time.sleep(seconds)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def wait(condition, seconds=20, pause=0.1):
    """What condition() gives as soon as it is something; None after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except AttributeError:
            value = None                # what it looks at is not there, or gone for a moment
        if value:
            return value
        if time.monotonic() > end:
            return None
        time.sleep(pause)
