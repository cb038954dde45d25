#!/usr/bin/env bash
# Inside the Debian root of gui_screenshot.sh: `install` the extension into a fresh profile, or `play SCENE` in a window.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1 XDG_RUNTIME_DIR=/tmp/run LIBGL_ALWAYS_SOFTWARE=1 GALLIUM_DRIVER=llvmpipe
mkdir -p $XDG_RUNTIME_DIR && chmod 700 $XDG_RUNTIME_DIR
PROFILE=/cameo/work/profile

if [ "$1" = install ]; then
  blender --command extension install-file --repo user_default --enable /cameo/work/extension.zip >/tmp/install.log 2>&1 ||
    { cat /tmp/install.log; exit 1; }
  blender -b --python-expr "import bpy
preferences = bpy.context.preferences
preferences.view.show_splash = False
preferences.system.use_online_access = False
bpy.ops.wm.save_userpref()" >/tmp/install.log 2>&1
  rm -rf $PROFILE && mkdir -p $PROFILE && cp -a "$HOME/.config" $PROFILE/
  exit
fi

cp -a $PROFILE/. "$HOME"
mkdir -p "$HOME/.config/openbox"
cat >"$HOME/.config/openbox/rc.xml" <<'RC'
<openbox_config xmlns="http://openbox.org/3.4/rc"><applications><application class="*"><decor>no</decor></application></applications></openbox_config>
RC
export CAMEO_SCREEN_HEIGHT=1400
Xvfb -displayfd 3 -screen 0 2000x${CAMEO_SCREEN_HEIGHT}x24 +extension GLX +render -noreset 3>/tmp/display >/tmp/xvfb.log 2>&1 &
SERVER=$!
trap 'kill $SERVER 2>/dev/null || true' EXIT
until [ -s /tmp/display ]; do kill -0 $SERVER; sleep 0.05; done
DISPLAY=:$(cat /tmp/display)
export DISPLAY
openbox >/dev/null 2>&1 &
xdotool mousemove 1999 0 # where no tooltip can come up
LOG=/cameo/work/$2.log
HEIGHT=$(sed -n 's/^HEIGHT = //p' "/tmp/scenes/$2.py") # of the window; a long panel needs more
timeout 1500 blender --window-geometry 0 0 1600 "${HEIGHT:-1000}" --python /cameo/scenes/play.py -- "$2" >"$LOG" 2>&1 || true
if [ ! -e /tmp/done ]; then
  echo "The scene $2 was not played to its end; the log is $LOG" >&2
  tail -25 "$LOG" >&2
  exit 1
fi
cat /tmp/done
