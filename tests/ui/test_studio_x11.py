"""Windows, pointer and keys of an X server, by libX11 and libXtst themselves: to start a program for each of them takes
longer than everything else, most of all on a busy machine.

Every call is at the server before it returns; events of one call lie no time apart.
"""
import ctypes
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_uint, c_ulong, c_void_p

ANY_TYPE = 0
WM_NAME, WM_CLASS = 39, 67
VIEWABLE = 2
MODIFIERS = {'ctrl': 'Control_L', 'shift': 'Shift_L', 'alt': 'Alt_L'}


class Attributes(ctypes.Structure):     # XWindowAttributes
    _fields_ = [('x', c_int), ('y', c_int), ('width', c_int), ('height', c_int), ('border_width', c_int), ('depth', c_int),
                ('visual', c_void_p), ('root', c_ulong), ('window_class', c_int), ('bit_gravity', c_int), ('win_gravity', c_int),
                ('backing_store', c_int), ('backing_planes', c_ulong), ('backing_pixel', c_ulong), ('save_under', c_int),
                ('colormap', c_ulong), ('map_installed', c_int), ('map_state', c_int), ('all_event_masks', c_long),
                ('your_event_mask', c_long), ('do_not_propagate_mask', c_long), ('override_redirect', c_int), ('screen', c_void_p)]


X, Test = ctypes.CDLL('libX11.so.6'), ctypes.CDLL('libXtst.so.6')
for library, name, answer, arguments in (
        (X, 'XOpenDisplay', c_void_p, [c_char_p]),
        (X, 'XCloseDisplay', c_int, [c_void_p]),
        (X, 'XDefaultRootWindow', c_ulong, [c_void_p]),
        (X, 'XSync', c_int, [c_void_p, c_int]),
        (X, 'XFree', c_int, [c_void_p]),
        (X, 'XInternAtom', c_ulong, [c_void_p, c_char_p, c_int]),
        (X, 'XQueryTree', c_int, [c_void_p, c_ulong, POINTER(c_ulong), POINTER(c_ulong), POINTER(POINTER(c_ulong)), POINTER(c_uint)]),
        (X, 'XGetWindowAttributes', c_int, [c_void_p, c_ulong, POINTER(Attributes)]),
        (X, 'XGetWindowProperty', c_int, [c_void_p, c_ulong, c_ulong, c_long, c_long, c_int, c_ulong, POINTER(c_ulong), POINTER(c_int),
                                          POINTER(c_ulong), POINTER(c_ulong), POINTER(c_void_p)]),
        (X, 'XTranslateCoordinates', c_int, [c_void_p, c_ulong, c_ulong, c_int, c_int, POINTER(c_int), POINTER(c_int), POINTER(c_ulong)]),
        (X, 'XCreateSimpleWindow', c_ulong, [c_void_p, c_ulong, c_int, c_int, c_uint, c_uint, c_uint, c_ulong, c_ulong]),
        (X, 'XMapRaised', c_int, [c_void_p, c_ulong]),
        (X, 'XIconifyWindow', c_int, [c_void_p, c_ulong, c_int]),
        (X, 'XGetInputFocus', c_int, [c_void_p, POINTER(c_ulong), POINTER(c_int)]),
        (X, 'XSetInputFocus', c_int, [c_void_p, c_ulong, c_int, c_ulong]),
        (X, 'XMoveWindow', c_int, [c_void_p, c_ulong, c_int, c_int]),
        (X, 'XResizeWindow', c_int, [c_void_p, c_ulong, c_uint, c_uint]),
        (X, 'XStringToKeysym', c_ulong, [c_char_p]),
        (X, 'XKeysymToKeycode', ctypes.c_ubyte, [c_void_p, c_ulong]),
        (X, 'XkbKeycodeToKeysym', c_ulong, [c_void_p, ctypes.c_ubyte, c_int, c_int]),
        (Test, 'XTestFakeMotionEvent', c_int, [c_void_p, c_int, c_int, c_int, c_ulong]),
        (Test, 'XTestFakeButtonEvent', c_int, [c_void_p, c_uint, c_int, c_ulong]),
        (Test, 'XTestFakeKeyEvent', c_int, [c_void_p, c_uint, c_int, c_ulong])):
    function = getattr(library, name)
    function.restype, function.argtypes = answer, arguments

# A window that goes while it is asked for is no error of ours: the answer is then that there is none.
ignore_error = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)(lambda display, error: 0)
X.XSetErrorHandler(ignore_error)


class Display:
    def __init__(self, name):
        self.display = X.XOpenDisplay(name.encode())
        if not self.display:
            raise OSError(f'no X server at {name}')
        self.root = X.XDefaultRootWindow(self.display)
        self.net_wm_name = X.XInternAtom(self.display, b'_NET_WM_NAME', 0)

    def close(self):
        X.XCloseDisplay(self.display)

    def _sync(self):
        X.XSync(self.display, 0)

    # ---- windows ----

    def size(self):
        """Width and height of the screen."""
        attributes = Attributes()
        X.XGetWindowAttributes(self.display, self.root, byref(attributes))
        return attributes.width, attributes.height

    def _property(self, window, which, of=8):
        kind, bits, count, left, data = c_ulong(), c_int(), c_ulong(), c_ulong(), c_void_p()
        if X.XGetWindowProperty(self.display, window, which, 0, 1024, 0, ANY_TYPE, byref(kind), byref(bits), byref(count), byref(left), byref(data)) != 0 \
                or not data.value:
            return b''
        text = ctypes.string_at(data.value, count.value * (8 if of == 32 else 1)) if bits.value == of else b''
        X.XFree(data)
        return text

    def _children(self, window):
        """From the topmost."""
        root, parent, children, count = c_ulong(), c_ulong(), POINTER(c_ulong)(), c_uint()
        if not X.XQueryTree(self.display, window, byref(root), byref(parent), byref(children), byref(count)):
            return []
        order = [children[i] for i in range(count.value)]
        if order:
            X.XFree(ctypes.cast(children, c_void_p))
        return order[::-1]

    def _place(self, window):
        """On the screen, which is not where it lies in a window manager's frame."""
        x, y, child = c_int(), c_int(), c_ulong()
        X.XTranslateCoordinates(self.display, window, self.root, 0, 0, byref(x), byref(y), byref(child))
        return x.value, y.value

    def windows(self, of_class):
        """(id, title, x, y, width, height, popup) of a program's windows on the screen, topmost first."""
        found, todo = [], [(window, True) for window in self._children(self.root)]
        while todo:
            window, outermost = todo.pop(0)
            there = Attributes()
            if not X.XGetWindowAttributes(self.display, window, byref(there)) or there.map_state != VIEWABLE or there.width < 10:
                continue
            told = self._property(window, WM_CLASS)
            if not told and outermost:          # perhaps a window manager's frame
                todo[:0] = [(child, False) for child in self._children(window)]
            if told.split(b'\0')[0].decode() != of_class:
                continue
            title = self._property(window, self.net_wm_name) or self._property(window, WM_NAME)
            found.append((window, title.decode(errors='replace'), *self._place(window), there.width, there.height, bool(there.override_redirect)))
        return found

    def is_managed(self):
        """By a window manager."""
        return bool(self._property(self.root, X.XInternAtom(self.display, b'_NET_SUPPORTING_WM_CHECK', 0), 32))

    def is_topmost(self, window):
        """Nothing on the screen lies over it or its frame."""
        def lies_in(top):
            return top == window or window in self._children(top)
        shown = Attributes()
        return next((lies_in(top) for top in self._children(self.root)
                     if X.XGetWindowAttributes(self.display, top, byref(shown)) and shown.map_state == VIEWABLE and shown.width >= 10), False)

    def open_window(self):
        """Another program's, over the whole screen."""
        window = X.XCreateSimpleWindow(self.display, self.root, 0, 0, *self.size(), 0, 0, 0xffffff)
        X.XMapRaised(self.display, window)
        self._sync()
        return window

    def iconify(self, window):
        X.XIconifyWindow(self.display, window, 0)
        self._sync()

    def restore(self, window):
        """One that was iconified."""
        X.XMapRaised(self.display, window)
        self._sync()

    def user_time(self, window):
        """When somebody used it last, by the server's clock."""
        told = [self._property(w, X.XInternAtom(self.display, b'_NET_WM_USER_TIME', 0), 32) for w in (window, *self._children(window))]
        return max((int.from_bytes(data[:4], 'little') for data in told if data), default=0)

    def has_keyboard(self, window):
        """Itself, or the part of it to which the program passes it on."""
        now, revert = c_ulong(), c_int()
        X.XGetInputFocus(self.display, byref(now), byref(revert))
        return now.value == window or now.value in self._children(window)

    def focus(self, window):
        """Gives it the keyboard. False: it is not there, or not yet."""
        X.XSetInputFocus(self.display, window, 2, 0)
        self._sync()
        return self.has_keyboard(window)

    def resize(self, window, width, height):
        X.XResizeWindow(self.display, window, width, height)
        self._sync()

    def move_window(self, window, x, y):
        X.XMoveWindow(self.display, window, x, y)
        self._sync()

    # ---- pointer ----

    def move(self, x, y):
        Test.XTestFakeMotionEvent(self.display, -1, round(x), round(y), 0)
        self._sync()

    def button(self, down, number=1):
        Test.XTestFakeButtonEvent(self.display, number, down, 0)
        self._sync()

    def click(self, number=1, times=1):
        for down in (1, 0) * times:
            Test.XTestFakeButtonEvent(self.display, number, down, 0)
        self._sync()

    # ---- keys ----

    def _code(self, symbol):
        """The key of a symbol, and whether it needs Shift."""
        code = X.XKeysymToKeycode(self.display, symbol)
        if code == 0:
            raise ValueError(f'no key for the symbol {symbol:#x}')
        return code, X.XkbKeycodeToKeysym(self.display, code, 0, 0) != symbol

    def _hold(self, name, down):
        Test.XTestFakeKeyEvent(self.display, self._code(X.XStringToKeysym(MODIFIERS[name].encode()))[0], down, 0)

    def _stroke(self, symbol, held):
        code, shift = self._code(symbol)
        held = [*held, 'shift'] if shift and 'shift' not in held else held
        for name in held:
            self._hold(name, 1)
        for down in (1, 0):
            Test.XTestFakeKeyEvent(self.display, code, down, 0)
        for name in reversed(held):
            self._hold(name, 0)

    def key(self, combination):
        """Such as “Down” or “ctrl+shift+q”."""
        *held, name = combination.split('+')
        self._stroke(X.XStringToKeysym(name.encode()), held)
        self._sync()

    def hold(self, name, down):
        """Presses or lets go Control, Shift or Alt."""
        self._hold(name, down)
        self._sync()

    def type(self, text):
        """ASCII, whose symbols are the characters."""
        for character in text:
            self._stroke(ord(character), [])
        self._sync()
