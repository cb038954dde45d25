#!/usr/bin/env bash
# Makes the documentation's pictures of the add-on: a real Blender window, the real extension, a real backend.
#
#   sudo tools/gui_screenshot.sh                    all scenes of tools/gui_scenes, into docs/images
#   sudo tools/gui_screenshot.sh portrait german    these alone (a scene may also be the path of a Python file)
#
#   --out DIR      where the pictures go
#   --root DIR     a Debian with Blender 5.2; made on first use, 1.3 GB ($CAMEO_GUI_ROOT, else in the cache folder)
#   --work DIR     what scenes leave for each other: jobs, the head (in the cache folder)
#   --wheels DIR   the backend's packages for the scene "installing"; without it they come from the network
#   --zip FILE     the extension; without it, it is built from this checkout
# $CAMEO_GUI_LOCK  a file that is locked while a window is open, where several sessions share a small machine
#
# Linux and root (it mounts and changes root in a mount namespace of its own). Prints each picture with its size.
set -euo pipefail
REPO=$(dirname "$(dirname "$(readlink -f "$0")")")
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/cameo
OUT=$REPO/docs/images ROOT=${CAMEO_GUI_ROOT:-$CACHE/gui-root} WORK=$CACHE/gui-work WHEELS= ZIP=
# In the order in which an artist meets them; arrived leaves the avatar that those after it show.
ALL=(not_installed offline installing connecting portrait two_faces in_the_making arrived face_board poses controls pose_assets motion
  turntable compositing several preferences german hero)
SCENES=() FAILED=
while [ $# -gt 0 ]; do
  case $1 in
    --out) OUT=$2; shift 2 ;;
    --root) ROOT=$2; shift 2 ;;
    --work) WORK=$2; shift 2 ;;
    --wheels) WHEELS=$(readlink -f "$2"); shift 2 ;;
    --zip) ZIP=$(readlink -f "$2"); shift 2 ;;
    -*) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 2 ;;
    *) SCENES+=("$1"); shift ;;
  esac
done
[ ${#SCENES[@]} -gt 0 ] || SCENES=("${ALL[@]}")
[ "$(id -u)" = 0 ] || { echo "This needs root: sudo $0" >&2; exit 1; }
mkdir -p "$OUT" "$WORK"/{pictures,backend,empty}
OUT=$(readlink -f "$OUT") WORK=$(readlink -f "$WORK")

make_root() { # a Debian root with Blender and a display, made anew by nobody but mmdebstrap
  command -v mmdebstrap >/dev/null || { echo "Install mmdebstrap first: apt install mmdebstrap" >&2; exit 1; }
  local packages=ca-certificates,blender,python3-numpy,python3-requests,python3-zstandard,python3-cattr,xvfb,xauth
  packages+=,xdotool,openbox,imagemagick,pngquant,libgl1-mesa-dri,libegl1,libgl1,libglx-mesa0,fonts-dejavu-core,procps
  local mirror # the one this machine uses; a copy of sid may be older than it says it should be, it is still signed
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | head -1)
  mmdebstrap --variant=apt --include="$packages" --aptopt='Acquire::Check-Valid-Until "false"' \
    --aptopt='APT::Install-Recommends "false"' sid "$ROOT" "$mirror"
}

inside() { # run in_root.sh in the root; mounts vanish with the namespace. $1: what to do, $2: scene
  mkdir -p "$ROOT"/cameo/{scenes,out,work,wheels} "$ROOT$REPO" "$ROOT$PYTHON_HOME"
  REPO=$REPO OUT=$OUT WORK=$WORK WHEELS=$WHEELS ROOT=$ROOT PYTHON_HOME=$PYTHON_HOME SCENE_FOLDER=$SCENE_FOLDER \
    flock "${CAMEO_GUI_LOCK:-$WORK/lock}" unshare --mount --propagation private bash -euo pipefail -c '
      mount --bind "$REPO/tools/gui_scenes" "$ROOT/cameo/scenes"
      mount --bind "$OUT" "$ROOT/cameo/out"
      mount --bind "$WORK" "$ROOT/cameo/work"
      [ -z "$WHEELS" ] || mount --bind "$WHEELS" "$ROOT/cameo/wheels"
      mount --bind "$REPO" "$ROOT$REPO" # the scene "connecting" starts the backend of this checkout,
      mount --bind "$PYTHON_HOME" "$ROOT$PYTHON_HOME" # whose environment names both by their paths
      mount -t proc proc "$ROOT/proc" 2>/dev/null || mount --bind /proc "$ROOT/proc"
      mount --rbind /dev "$ROOT/dev"
      mount --bind /sys "$ROOT/sys"
      mount -t tmpfs tmpfs "$ROOT/tmp"
      mount -t tmpfs tmpfs "$ROOT/home"
      mkdir -p "$ROOT/home/user/pictures"
      mount --bind "$WORK/pictures" "$ROOT/home/user/pictures"
      mkdir -p "$ROOT/tmp/scenes"
      mount --bind "$SCENE_FOLDER" "$ROOT/tmp/scenes"
      exec chroot "$ROOT" /usr/bin/env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/home/user LANG=C.UTF-8 \
        CAMEO_CHECKOUT="$REPO" CAMEO_WITH_WHEELS="$WHEELS" CAMEO_PYTHON="$PYTHON_HOME/bin/python3" \
        bash /cameo/scenes/in_root.sh "$@"' _ "$@"
}

serve() { # a real backend on this machine; the window finds it by its connection file
  "$PYTHON" -P -m cameo.backend serve --home "$WORK/backend" >"$WORK/backend.log" 2>&1 &
  BACKEND=$!
  trap 'kill $BACKEND 2>/dev/null || true' EXIT
  until [ -s "$WORK/backend/connection.json" ]; do
    kill -0 $BACKEND 2>/dev/null || { cat "$WORK/backend.log" >&2; exit 1; }
    sleep 0.1
  done
}

fetch_pictures() { # free pictures, see NOTICE
  for name in astronaut.png:eileen.png grace_hopper.jpg:grace.jpg; do
    local found
    found=$("$PYTHON" -c "from cameo.backend.weights.fetch import asset_path; print(asset_path('${name%:*}'))" | tail -1)
    cp "$found" "$WORK/pictures/${name#*:}"
  done
}

[ -x "$ROOT/usr/bin/blender" ] || make_root
PYTHON=$(cd "$REPO" && python3 -c "from tools import environments as e; print(e.ensure(e.BACKEND))" | tail -1)
PYTHON_HOME=$("$PYTHON" -c "import sys; print(sys.base_prefix)")
SCENE_FOLDER=$REPO/tools/gui_scenes
if [ -z "$ZIP" ]; then
  "$PYTHON" "$REPO/tools/build_extension.py" --out "$WORK/extension" >"$WORK/build.log" 2>&1 || { cat "$WORK/build.log" >&2; exit 1; }
  ZIP=$(ls "$WORK"/extension/cameo-*-blender51.zip)
fi
cp "$ZIP" "$WORK/extension.zip"
fetch_pictures
serve
inside install
for scene in "${SCENES[@]}"; do
  SCENE_FOLDER=$REPO/tools/gui_scenes
  [[ $scene != *.py ]] || SCENE_FOLDER=$(dirname "$(readlink -f "$scene")")
  inside play "$(basename "$scene" .py)" || FAILED+=" $scene"
done
[ -z "$FAILED" ] || { echo "Not played to their ends:$FAILED" >&2; exit 1; }
