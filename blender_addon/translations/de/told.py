"""What panels and reports tell; fields in braces are filled in."""

TOLD = {
    "As the invitation says": "Wie in der Einladung",
    "Cameo's render engine failed: {error}": "Cameos Render-Engine ist gescheitert: {error}",
    "Cameo: picture {number} of {count}. Esc cancels": "Cameo: Bild {number} von {count}. Esc bricht ab",
    "It comes to lie beside your .blend: save that first, or choose another place.": (
        "Die Datei kommt neben die .blend-Datei: Diese zuerst speichern oder einen anderen Ort wählen."
    ),
    "No browser could be opened. The page is {page}": "Es konnte kein Browser geöffnet werden. Die Seite ist {page}",
    "On another computer: {address}": "Auf einem anderen Rechner: {address}",
    "Splats cannot be drawn in the viewport: {error}": "Die Splats können in der 3D-Ansicht nicht gezeichnet werden: {error}",
    "The backend is on another computer: it is started and stopped there": "Das Backend ist auf einem anderen Rechner: Dort wird es gestartet und beendet",
    "The backend of this computer": "Das Backend dieses Rechners",
    "The backend of this computer is in use already": "Das Backend dieses Rechners wird schon benutzt",
    "There is no connection to the backend": "Es besteht keine Verbindung zum Backend",
    "View transform {name}: renders will not have the photo's colours.": "Ansichtstransformation {name}: Gerenderte Bilder haben nicht die Farben des Fotos.",
    "What to do: {fix}": "Abhilfe: {fix}",
    "'{name}' has its own face already": "'{name}' hat schon ein eigenes Gesicht",
    ", about {count:.0f} min left": ", noch etwa {count:.0f} min",
    ", estimating the time left": ", Restzeit wird geschätzt",
    ", about {count:.0f} s left": ", noch etwa {count:.0f} s",
    ", about {count:.1f} h left": ", noch etwa {count:.1f} h",
    "An installation did not come to its end": "Eine Installation wurde nicht abgeschlossen",
    "Another film is in the making": "Ein anderer Film ist in Arbeit",
    "Cameo found no avatar to render: is it hidden in renders?": (
        "Cameo hat keinen Avatar zum Rendern gefunden: Ist er beim Rendern ausgeblendet?"
    ),
    "Cameo has installed no backend": "Cameo hat kein Backend installiert",
    "Cameo {version} for the GPU": "Cameo {version} für die GPU",
    "Cameo {version} for the processor": "Cameo {version} für den Prozessor",
    "Cameo {version} on {device}": "Cameo {version} auf {device}",
    "Blender was started in offline mode": "Blender wurde im Offline-Modus gestartet",
    "Cancelled": "Abgebrochen",
    "Cause: {cause}": "Ursache: {cause}",
    "Choose a picture with a face, or drop one into the 3D view.": (
        "Ein Bild mit einem Gesicht wählen oder in die 3D-Ansicht ziehen."
    ),
    "Choose a portrait first": "Zuerst ein Porträt wählen",
    "Connect to the backend first": "Zuerst mit dem Backend verbinden",
    "Connecting ...": "Verbindung wird aufgebaut ...",
    "Blender draws the splats itself; the two settings count where Cameo renders.": (
        "Blender zeichnet die Splats selbst; die beiden Einstellungen gelten, wo Cameo rendert."
    ),
    "Cycles or EEVEE renders the scene, Cameo the heads; the nearer hides the other.": (
        "Cycles oder EEVEE rendert die Szene, Cameo die Köpfe; was näher ist, verdeckt das andere."
    ),
    "Gathering splats": "Splats werden gesammelt",
    "Import or choose an avatar first": "Zuerst einen Avatar importieren oder wählen",
    "No backend is installed": "Es ist kein Backend installiert",
    "No film is in the making": "Es ist kein Film in Arbeit",
    "None in this scene yet. Make one, or drop an avatar file in here.": (
        "Noch keine in dieser Szene. Einen erzeugen oder eine Avatar-Datei hierher ziehen."
    ),
    "Nothing has been rendered yet": "Es wurde noch nichts gerendert",
    "Nothing has changed": "Es hat sich nichts geändert",
    "Nothing is being installed": "Es wird nichts installiert",
    "Picture {number} of {count}": "Bild {number} von {count}",
    "Search": "Suchen",
    "Select an avatar first": "Zuerst einen Avatar auswählen",
    "Select an avatar that has poses": "Einen Avatar auswählen, der Posen hat",
    "Select one to pose it.": "Einen auswählen, um ihn in Pose zu bringen.",
    "Start the backend first": "Zuerst das Backend starten",
    "The backend that was installed last is used from the next start on.": (
        "Das zuletzt installierte Backend wird vom nächsten Start an benutzt."
    ),
    "The backend answers in {time:.0f} ms; all {checks} checks are good: it is ready.": (
        "Das Backend antwortet in {time:.0f} ms; alle {checks} Prüfungen sind bestanden: Es ist bereit."
    ),
    "The backend answers in {time:.0f} ms; {good} of {checks} checks are good.": (
        "Das Backend antwortet in {time:.0f} ms; {good} von {checks} Prüfungen sind bestanden."
    ),
    "The backend is being installed or removed": "Das Backend wird gerade installiert oder entfernt",
    "The backend did not draw the picture, Blender did: {error}": (
        "Das Backend hat das Bild nicht gezeichnet, Blender hat es getan: {error}"
    ),
    "The graphics card could not draw the splats, the processor did: {error}": (
        "Die Grafikkarte konnte die Splats nicht zeichnen, der Prozessor hat es getan: {error}"
    ),
    "The picture is looked at as soon as the backend is connected.": (
        "Das Bild wird angesehen, sobald das Backend verbunden ist."
    ),
    "There is no avatar in this scene": "In dieser Szene ist kein Avatar",
    "There is no earlier backend": "Es gibt kein früheres Backend",
    "There is no image in this Blender file": "In dieser Blender-Datei ist kein Bild",
    "There is no log yet": "Es gibt noch kein Protokoll",
    "This add-on brings a newer backend.": "Dieses Add-on bringt ein neueres Backend mit.",
    "This avatar is linked from another file. Override it to pose it here.": (
        "Dieser Avatar ist aus einer anderen Datei verknüpft. Überschreiben, um ihn hier in Pose zu bringen."
    ),
    "The head's mesh shows in the 3D view where the splats do not.": (
        "Das Mesh des Kopfes ist in der 3D-Ansicht zu sehen, wo die Splats es nicht sind."
    ),
    "This linked copy's face follows another avatar.": "Das Gesicht dieser verknüpften Kopie folgt einem anderen Avatar.",
    "Waiting for the backend's answer": "Auf die Antwort des Backends wird gewartet",
    "Written: {path}": "Geschrieben: {path}",
    "{count} files written beside {file}": "{count} Dateien neben {file} geschrieben",
    "{count} frames written to {file}": "{count} Einzelbilder in {file} geschrieben",
    "{count} keyed": "{count} Schlüsselbilder eingefügt",
    "{count} pictures": "{count} Bilder",
    "{count} poses are in the asset browser": "{count} Posen sind im Asset-Browser",
    "{count} shapes written to {file}": "{count} Formen in {file} geschrieben",
    "{count} splats": "{count} Splats",
    "{count} splats written to {file}": "{count} Splats in {file} geschrieben",
    "{file}: the avatar has no {controls}": "{file}: Der Avatar hat kein {controls}",
    "{file}: {count} frames, {first} to {last}": "{file}: {count} Einzelbilder, {first} bis {last}",
    "{what} written in {folder}": "{what} in {folder} geschrieben",
    " and ": " und ",
    "Copied: {command}": "Kopiert: {command}",
    "Not ready: {missing}": "Nicht bereit: {missing}",
    "The face is {height:.0f} pixels high and looks {pose}; {sharp}.": "Das Gesicht ist {height:.0f} Pixel hoch und blickt {pose}; {sharp}.",
    "Written: {path}. Look into it before you send it.": "Geschrieben: {path}. Vor dem Verschicken hineinsehen.",
    "down": "nach unten",
    "up": "nach oben",
    "to the left": "nach links",
    "to the right": "nach rechts",
    "it is sharp": "es ist scharf",
    "its edges are {part:.1f} % of that wide": "seine Kanten sind {part:.1f} % davon breit",
    "straight into the camera": "gerade in die Kamera",
    "{count} faces, the largest first. The head is made from:": "{count} Gesichter, das größte zuerst. Der Kopf entsteht aus:",
}
