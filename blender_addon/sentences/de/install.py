"""The installation of the backend, what it is doing, and what a self-test finds."""

INSTALL = {
    "finding": {
        "At least 2 GB are needed.": "Mindestens 2 GB werden gebraucht.",
        "At least 4 GB are needed.": "Mindestens 4 GB werden gebraucht.",
        "Install the backend again.": "Das Backend neu installieren.",
        "Make it writable.": "Den Ordner beschreibbar machen.",
        "{1} GB free for jobs in {2}": "{1} GB frei für Aufträge in {2}",
        "{1} GB free for models in {2}": "{1} GB frei für Modelle in {2}",
        "{1} GB free for small files in {2}": "{1} GB frei für kleine Dateien in {2}",
        "{1} GB of memory": "{1} GB Arbeitsspeicher",
        "{1} is here": "{1} ist da",
        "{1} is installed": "{1} ist installiert",
        "{1} is not installed (the engine {2} needs it): cameo weights licences {3}": (
            "{1} ist nicht installiert (die Engine {2} braucht es): cameo weights licences {3}"
        ),
        "{1} is not installed.": "{1} ist nicht installiert.",
        "{1} is not installed: cameo weights licences {2}": "{1} ist nicht installiert: cameo weights licences {2}",
        "{1} is not writable": "{1} ist nicht beschreibbar",
        "{1} is writable": "{1} ist beschreibbar",
        "{1} will be fetched when it is first needed": "{1} wird geladen, wenn es zum ersten Mal gebraucht wird",
    },
    "install": {
        "A package of Cameo itself is damaged.": "Ein Paket von Cameo selbst ist beschädigt.",
        "A package of Cameo itself is not to be had for this computer.": (
            "Ein Paket von Cameo selbst gibt es für diesen Rechner nicht."
        ),
        "A package of the backend is damaged.": "Ein Paket des Backends ist beschädigt.",
        "A package of the backend is not to be had for this computer.": (
            "Ein Paket des Backends gibt es für diesen Rechner nicht."
        ),
        "Allow Online Access is off in Blender's preferences, System": (
            "Online-Zugriff erlauben ist in Blenders Einstellungen unter System ausgeschaltet"
        ),
        "Allow it, or choose a folder with the packages.": "Ihn erlauben oder einen Ordner mit den Paketen wählen.",
        "Another Blender is installing the backend.": "Ein anderes Blender installiert das Backend gerade.",
        "Blender may not use the network.": "Blender darf das Netzwerk nicht benutzen.",
        "Cameo's backend runs in a Python of its own, outside Blender": (
            "Cameos Backend läuft in einem eigenen Python außerhalb von Blender"
        ),
        "Check the network (and a proxy's settings), then press Retry; or choose a folder with the packages.": (
            'Das Netzwerk (und Einstellungen eines Proxys) prüfen, dann "Erneut versuchen" drücken; oder einen Ordner mit den Paketen wählen.'
        ),
        "Choose a Python {1} or {2} there, or leave it empty.": (
            "Dort ein Python {1} oder {2} wählen oder das Feld leer lassen."
        ),
        "Choose a short folder, such as C:\\Cameo, in the add-on's preferences.": (
            "In den Einstellungen des Add-ons einen kurzen Ordner wählen, zum Beispiel C:\\Cameo."
        ),
        "Choose another folder for the backend in the add-on's preferences.": (
            "In den Einstellungen des Add-ons einen anderen Ordner für das Backend wählen."
        ),
        "Choose the folder with the packages in the add-on's preferences, or leave it empty.": (
            "In den Einstellungen des Add-ons den Ordner mit den Paketen wählen oder das Feld leer lassen."
        ),
        "Free some space, or choose a folder on another disk in the add-on's preferences.": (
            "Platz schaffen oder in den Einstellungen des Add-ons einen Ordner auf einer anderen Festplatte wählen."
        ),
        "If you install from a folder of packages, it lacks this one. Else try another Python in the preferences.": (
            "Bei der Installation aus einem Ordner fehlt das Paket darin. Sonst in den Einstellungen ein anderes Python versuchen."
        ),
        "Install Cameo's extension again from the zip of a release.": (
            "Cameos Erweiterung neu aus der Zip-Datei einer Veröffentlichung installieren."
        ),
        "Install NVIDIA's driver, or choose the processor in the add-on's preferences.": (
            "NVIDIAs Treiber installieren oder in den Einstellungen des Add-ons den Prozessor wählen."
        ),
        "Install Python 3.11 from python.org (64-bit), or your system's package manager; then press Retry. If one is installed in an unusual place, choose it in the add-on's preferences.": (
            'Python 3.11 (64 Bit) von python.org oder aus der Paketverwaltung des Systems installieren, dann "Erneut versuchen" drücken. Liegt eines an einem ungewöhnlichen Ort, es in den Einstellungen des Add-ons wählen.'
        ),
        "Installing Cameo itself failed.": "Die Installation von Cameo selbst ist fehlgeschlagen.",
        "Installing the backend failed.": "Die Installation des Backends ist fehlgeschlagen.",
        "No NVIDIA GPU was found.": "Es wurde keine NVIDIA-GPU gefunden.",
        "No Python {1} or {2} was found on this computer.": (
            "Auf diesem Rechner wurde kein Python {1} oder {2} gefunden."
        ),
        "On Debian or Ubuntu install python3-venv; elsewhere install Python again, or choose another one in the add-on's preferences.": (
            "Unter Debian oder Ubuntu python3-venv installieren; sonst Python neu installieren oder in den Einstellungen des Add-ons ein anderes wählen."
        ),
        "Please report this, with the log.": "Bitte mit dem Protokoll melden.",
        "Press Retry: it is downloaded again. If you install from a folder of packages, copy that file again.": (
            '"Erneut versuchen" drücken: Es wird neu heruntergeladen. Bei der Installation aus einem Ordner diese Datei neu kopieren.'
        ),
        "Press Stop Backend first.": 'Zuerst "Backend beenden" drücken.',
        "Read the log, then press Retry: nothing that was there before was changed.": (
            'Das Protokoll lesen, dann "Erneut versuchen" drücken: Was vorher da war, ist unverändert.'
        ),
        "Read the log. A backend that was installed before is still there, and works as it did.": (
            "Das Protokoll lesen. Ein vorher installiertes Backend ist noch da und läuft wie zuvor."
        ),
        "Stop the backend and press Retry, or delete the folder {1} yourself.": (
            'Das Backend beenden und "Erneut versuchen" drücken oder den Ordner {1} selbst löschen.'
        ),
        "The Python chosen in the preferences cannot be used: {1}.": (
            "Das in den Einstellungen gewählte Python ist nicht zu gebrauchen: {1}."
        ),
        "The backend could not be removed completely.": "Das Backend konnte nicht vollständig entfernt werden.",
        "The backend is running.": "Das Backend läuft.",
        "The backend was installed but does not work, so it was taken away again.": (
            "Das Backend wurde installiert, arbeitet aber nicht; es wurde wieder entfernt."
        ),
        "The disk is too full for the backend.": "Für das Backend ist auf der Festplatte zu wenig Platz.",
        "The driver of the GPU is too old.": "Der Treiber der GPU ist zu alt.",
        "The folder of the backend cannot be written: {1}.": (
            "In den Ordner des Backends kann nicht geschrieben werden: {1}."
        ),
        "The installation made a mistake.": "Bei der Installation ist ein Fehler in Cameo aufgetreten.",
        "The package index cannot be reached.": "Das Paketverzeichnis ist nicht erreichbar.",
        "The path of the backend's folder is too long for Windows.": (
            "Der Pfad zum Ordner des Backends ist zu lang für Windows."
        ),
        "There are no packages in {1}.": "In {1} sind keine Pakete.",
        "This add-on does not bring the backend along.": "Dieses Add-on bringt das Backend nicht mit.",
        "Update NVIDIA's driver, or choose the processor in the add-on's preferences.": (
            "NVIDIAs Treiber aktualisieren oder in den Einstellungen des Add-ons den Prozessor wählen."
        ),
        "Wait until it has finished, then press Retry.": (
            'Warten, bis es fertig ist, dann "Erneut versuchen" drücken.'
        ),
        "it does not run, is not 64-bit, or cannot make environments": (
            "es läuft nicht, ist kein 64-Bit-Python oder kann keine Umgebungen anlegen"
        ),
        "it holds no file that ends in .whl": "er enthält keine Datei, die auf .whl endet",
        "it is Python {1}.{2}": "es ist Python {1}.{2}",
        "its files cannot be removed while it does": "seine Dateien lassen sich solange nicht entfernen",
        "nvidia-smi lists none": "nvidia-smi zeigt keine",
        "{1} GB are free at {2}; {3} GB are needed": "{1} GB sind in {2} frei; {3} GB werden gebraucht",
        "{1} cannot make an environment.": "{1} kann keine Umgebung anlegen.",
        "{1} has driver {2}; {3} or newer is needed": "{1} hat Treiber {2}; {3} oder neuer wird gebraucht",
        "{1} is missing": "{1} fehlt",
    },
    "installing": {
        "Downloading {1}": "{1} wird heruntergeladen",
        "Downloading {1} ({2})": "{1} wird heruntergeladen ({2})",
        "Downloading {1}: {2} of {3} MB": "{1} wird heruntergeladen: {2} von {3} MB",
        "Installing Cameo's backend": "Cameos Backend wird installiert",
        "Installing {1}": "{1} wird installiert",
        "Looking for a Python": "Ein Python wird gesucht",
        "Looking for {1}": "{1} wird gesucht",
        "Making an environment of Python {1}": "Eine Umgebung mit Python {1} wird angelegt",
        "Removing the backend": "Das Backend wird entfernt",
        "Taking {1} from the folder of packages": "{1} wird aus dem Paketordner genommen",
        "Trying the new backend: cameo doctor": "Das neue Backend wird geprüft: cameo doctor",
        "Trying the new backend: libraries": "Das neue Backend wird geprüft: Bibliotheken",
        "Unpacking; this takes some minutes": "Auspacken; das dauert einige Minuten",
    },
}
