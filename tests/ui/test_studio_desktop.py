"""A desktop's side of notifications, on the test's own bus."""
from test_studio_driver import Gio, GLib, wait

NODE = '''<node>
  <interface name="org.freedesktop.Notifications">
    <method name="GetServerInformation">
      <arg type="s" direction="out"/><arg type="s" direction="out"/><arg type="s" direction="out"/><arg type="s" direction="out"/>
    </method>
    <method name="GetCapabilities"><arg type="as" direction="out"/></method>
    <method name="Notify">
      <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
      <arg type="s" direction="in"/><arg type="as" direction="in"/><arg type="a{sv}" direction="in"/><arg type="i" direction="in"/>
      <arg type="u" direction="out"/>
    </method>
    <method name="CloseNotification"><arg type="u" direction="in"/></method>
  </interface>
  <interface name="org.gtk.Notifications">
    <method name="AddNotification">
      <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="a{sv}" direction="in"/>
    </method>
    <method name="RemoveNotification"><arg type="s" direction="in"/><arg type="s" direction="in"/></method>
  </interface>
</node>'''
NAME, PATH = 'org.freedesktop.Notifications', '/org/freedesktop/Notifications'
GNOME_NAME, GNOME_PATH = 'org.gtk.Notifications', '/org/gtk/Notifications'
PROGRAM, PROGRAM_PATH = 'studio.spqr.SpqrStudio', '/studio/spqr/SpqrStudio'


class Desktop:
    """Takes notifications as most desktops do; also as GNOME's, which calls a program by its name."""

    def __init__(self, screen, gnome=False):
        self.bus, self.gnome, self.pages = screen.connect(), gnome, {}
        self.shown, self.closed, self.senders = [], [], []        # shown: (title, body); closed: places in it
        standard, own = Gio.DBusNodeInfo.new_for_xml(NODE).interfaces
        self.bus.register_object(PATH, standard, self._on_call, None, None)
        self._own(NAME)
        if gnome:
            self.bus.register_object(GNOME_PATH, own, self._on_call, None, None)
            self._own(GNOME_NAME)

    def _own(self, name):
        self.bus.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'RequestName',
                           GLib.Variant('(su)', (name, 4)), None, 0, -1, None)

    def _on_call(self, bus, sender, path, interface, method, arguments, call):
        answer = None
        if method == 'Notify':
            _, _, _, title, body, actions, _, _ = arguments.unpack()
            self._take(title, body, actions, sender)
            answer = GLib.Variant('(u)', (len(self.shown),))
        elif method == 'AddNotification':
            _, name, what = arguments.unpack()
            self.pages[name] = len(self.shown)
            self._take(what['title'], what.get('body', ''), (what['default-action'], what.get('default-action-target')), sender)
        elif method == 'CloseNotification':
            self.closed.append(arguments.unpack()[0] - 1)
        elif method == 'RemoveNotification':
            self.closed.append(self.pages.get(arguments.unpack()[1]))
        elif method == 'GetServerInformation':
            answer = GLib.Variant('(ssss)', ('test', 'test', '1', '1.2'))
        elif method == 'GetCapabilities':
            answer = GLib.Variant('(as)', (['actions', 'body'],))
        call.return_value(answer)

    def _take(self, title, body, actions, sender):
        self.shown.append((title, body))
        self.senders.append((sender, actions))

    def look(self):
        """What has come by now."""
        while GLib.MainContext.default().iteration(False):
            pass
        return self

    def wait(self, count):
        """Whether so many have been shown; as soon as they are."""
        return wait(lambda: len(self.look().shown) >= count)

    def wait_closed(self, index):
        return wait(lambda: index in self.look().closed)

    def click(self):
        """On the last one."""
        sender, actions = self.senders[-1]
        if not self.gnome:
            self.bus.emit_signal(sender, PATH, NAME, 'ActionInvoked', GLib.Variant('(us)', (len(self.shown), 'default')))
            return
        action, target = actions
        kind, parts = action.split('.')
        assert kind == 'app'
        arguments = GLib.Variant('(sava{sv})', (parts, [] if target is None else [GLib.Variant('(ss)', target)], {}))
        self.bus.call_sync(PROGRAM, PROGRAM_PATH, 'org.freedesktop.Application', 'ActivateAction', arguments, None, 0, -1, None)

    def end(self):
        self.bus.close_sync(None)
