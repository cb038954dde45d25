"""The backend, its jobs and its worker, and how both sides talk."""

BACKEND = {
    "backend": {
        "it was asked for a picture and said nothing for seconds": (
            "es wurde um ein Bild gebeten und hat sekundenlang nichts gesagt"
        ),
        "Look at its state in panel Backend. It is asked again after a minute.": (
            "Im Panel Backend nach seinem Zustand sehen. Nach einer Minute wird es wieder gefragt."
        ),
        "Cameo's backend is not installed.": "Cameos Backend ist nicht installiert.",
        "Check the backend's folder in the add-on's preferences: it must exist and be writable.": (
            "In den Einstellungen des Add-ons den Ordner des Backends prüfen: Er muss da und beschreibbar sein."
        ),
        "Choose a checkout of Cameo in the add-on's preferences (run `python3 run.py cameo doctor` in it first), or leave that empty and press Install Backend.": (
            'In den Einstellungen des Add-ons einen Cameo-Quellordner wählen (darin zuerst `python3 run.py cameo doctor` ausführen) oder das Feld leer lassen und "Backend installieren" drücken.'
        ),
        "Connect again, then cancel this head.": "Neu verbinden, dann diesen Kopf abbrechen.",
        "No backend is running.": "Es läuft kein Backend.",
        "Press Install Backend. It makes the heads, in a program of its own beside Blender, and takes 2 GB of the disk; 7 GB with a GPU.": (
            '"Backend installieren" drücken. Es erzeugt die Köpfe in einem eigenen Programm neben Blender und belegt 2 GB der Festplatte, mit GPU 7 GB.'
        ),
        "Press Start Backend.": '"Backend starten" drücken.',
        "Press Start Backend; unfinished jobs go on from where they were.": (
            '"Backend starten" drücken; unfertige Aufträge gehen dort weiter, wo sie waren.'
        ),
        "Press Stop Backend, then Start Backend.": '"Backend beenden" drücken, dann "Backend starten".',
        "Read the cause, then press Start Backend; unfinished jobs go on from where they were.": (
            'Die Ursache lesen, dann "Backend starten" drücken; unfertige Aufträge gehen dort weiter, wo sie waren.'
        ),
        "The backend cannot be started.": "Das Backend kann nicht gestartet werden.",
        "The backend does not answer.": "Das Backend antwortet nicht.",
        "The backend has stopped.": "Das Backend läuft nicht mehr.",
        "The backend stopped (exit code {1}).": "Das Backend hat sich beendet (Exit-Code {1}).",
        "The backend that was chosen is not there.": "Das gewählte Backend ist nicht da.",
        "The backend was started, but does not answer.": "Das Backend wurde gestartet, antwortet aber nicht.",
        "There is no connection to the backend.": "Es besteht keine Verbindung zum Backend.",
        "Wait a moment: the connection comes back by itself. If it does not, stop the backend and start it again.": (
            "Einen Moment warten: Die Verbindung kommt von selbst zurück. Wenn nicht, das Backend beenden und neu starten."
        ),
        "process {1} has said nothing for {2} s; the computer may be overloaded": (
            "Prozess {1} hat seit {2} s nichts gesagt; der Rechner ist vielleicht überlastet"
        ),
        "process {1} is gone": "Prozess {1} ist verschwunden",
        "{1} does not exist": "{1} ist nicht vorhanden",
    },
    "connection": {
        "No backend is running.": "Es läuft kein Backend.",
        "Start the backend.": "Das Backend starten.",
        "The backend has stopped.": "Das Backend läuft nicht mehr.",
        "The backend's connection file cannot be read.": "Die Verbindungsdatei des Backends kann nicht gelesen werden.",
        "process {1} of {2} is gone": "Prozess {1} aus {2} ist verschwunden",
        "{1} does not exist": "{1} ist nicht vorhanden",
    },
    "disk": {
        "Check that the disk is there and writable, then submit again.": (
            "Prüfen, ob die Festplatte da und beschreibbar ist, dann noch einmal abschicken."
        ),
        "Free some space (a job needs about 2 GB while it runs), then submit again.": (
            "Platz schaffen (ein Auftrag braucht während der Arbeit etwa 2 GB), dann noch einmal abschicken."
        ),
        "Free some space, then press Start Backend.": 'Platz schaffen, dann "Backend starten" drücken.',
        "Free some space: the backend then goes on by itself.": (
            "Platz schaffen: Das Backend macht dann von selbst weiter."
        ),
        "The backend could not read or write a file.": "Das Backend konnte eine Datei nicht lesen oder schreiben.",
        "The disk is full.": "Die Festplatte ist voll.",
        "There is no room left for {1}.": "Für {1} ist kein Platz mehr.",
    },
    "job": {
        "Cancel it first.": "Ihn zuerst abbrechen.",
        "Connect to the backend that has it.": "Mit dem Backend verbinden, das ihn hat.",
        "Submit the picture again.": "Das Bild noch einmal abschicken.",
        "Submit the picture again; the backend may have been started with another folder.": (
            "Das Bild noch einmal abschicken; vielleicht wurde das Backend mit einem anderen Ordner gestartet."
        ),
        "The picture of this job is no longer on the backend's disk.": (
            "Das Bild dieses Auftrags liegt nicht mehr auf der Festplatte des Backends."
        ),
        "This backend does not know that job.": "Dieses Backend kennt den Auftrag nicht.",
        "This head is not finished.": "Dieser Kopf ist noch nicht fertig.",
        "This head is still being made.": "Dieser Kopf ist noch in Arbeit.",
        "This job has no result.": "Dieser Auftrag hat kein Ergebnis.",
        "This job has not ended.": "Dieser Auftrag ist noch nicht beendet.",
        "This job is not known here.": "Dieser Auftrag ist hier nicht bekannt.",
        "Wait until it is done.": "Warten, bis er fertig ist.",
        "it is not done": "er ist nicht fertig",
        "no job {1} in its journal": "kein Auftrag {1} in seinem Verzeichnis",
        "only jobs that are done, failed or cancelled can be taken off the list": (
            "nur fertige, fehlgeschlagene oder abgebrochene Aufträge lassen sich aus der Liste nehmen"
        ),
        "the file holds something else": "die Datei enthält etwas anderes",
    },
    "keys": {
        "'cameo keys list' shows who is.": "'cameo keys list' zeigt, wer eingeladen ist.",
        "Choose another name, or first take this one away: cameo keys remove {1}": (
            "Einen anderen Namen wählen oder diesen zuerst entfernen: cameo keys remove {1}"
        ),
        "Nobody named {1} is invited.": "Niemand namens {1} ist eingeladen.",
        "Put the file back as it was, or move its folder away and invite everybody again.": (
            "Die Datei zurücklegen, wie sie war, oder ihren Ordner beiseitelegen und alle neu einladen."
        ),
        "The backend's keys cannot be read.": "Die Schlüssel des Backends können nicht gelesen werden.",
        "This name cannot be used.": "Dieser Name geht nicht.",
        "Use letters, digits, spaces and . @ - _, at most 64 of them.": (
            "Buchstaben, Ziffern, Leerzeichen und . @ - _ benutzen, höchstens 64."
        ),
        "{1} is invited already.": "{1} ist schon eingeladen.",
        "{1}: a key is damaged": "{1}: ein Schlüssel ist beschädigt",
        "{1}: it is no list of guests": "{1}: keine Liste von Gästen",
        "{1}: the keys are incomplete": "{1}: die Schlüssel sind unvollständig",
    },
    "protocol": {
        "Install the add-on and the backend of the same Cameo release, then start the backend again.": (
            "Add-on und Backend derselben Cameo-Veröffentlichung installieren, dann das Backend neu starten."
        ),
        "Install the add-on and the backend of the same Cameo release.": (
            "Add-on und Backend derselben Cameo-Veröffentlichung installieren."
        ),
        "Install the add-on and the backend of the same Cameo release; if they are, please report this.": (
            "Add-on und Backend derselben Cameo-Veröffentlichung installieren; sind sie es schon, bitte melden."
        ),
        "One (Cameo {1}) speaks protocol {2}.{3}, the other (Cameo {4}) speaks {5}.{6}.": (
            "Eines (Cameo {1}) spricht Protokoll {2}.{3}, das andere (Cameo {4}) {5}.{6}."
        ),
        "One speaks protocol {1}.{2}, the other (Cameo {3}) speaks {4}.{5}.": (
            "Eines spricht Protokoll {1}.{2}, das andere (Cameo {3}) {4}.{5}."
        ),
        "Something that is not Cameo is talking on this port.": "An diesem Port antwortet etwas, das nicht Cameo ist.",
        "Stop the other program, or start the backend again: it takes a free port.": (
            "Das andere Programm beenden oder das Backend neu starten: Es nimmt einen freien Port."
        ),
        "Submit the picture again. If it happens again, please report this, with the file worker.log.": (
            "Das Bild noch einmal abschicken. Geschieht es wieder, bitte mit der Datei worker.log melden."
        ),
        "The Blender add-on and the backend come from different Cameo releases.": (
            "Das Blender-Add-on und das Backend stammen aus verschiedenen Veröffentlichungen von Cameo."
        ),
        "The backend and its worker process do not understand each other.": (
            "Das Backend und sein Arbeitsprozess verstehen einander nicht."
        ),
        "The backend was asked something on the wrong connection.": (
            "Das Backend wurde über die falsche Verbindung gefragt."
        ),
        "The backend was sent a message that only a backend sends.": (
            "Das Backend bekam eine Nachricht, die nur ein Backend sendet."
        ),
        "The other side sent a message larger than the protocol allows.": (
            "Die Gegenseite schickte eine Nachricht, die größer ist, als das Protokoll erlaubt."
        ),
        "The other side sent a message that breaks the protocol.": (
            "Die Gegenseite schickte eine Nachricht, die das Protokoll verletzt."
        ),
        "The other side sent a message that this version does not know.": (
            "Die Gegenseite schickte eine Nachricht, die diese Version nicht kennt."
        ),
        "Use a smaller picture.": "Ein kleineres Bild benutzen.",
        "a frame of {1} bytes": "ein Block von {1} Bytes",
        "a header has {1} bytes, more than {2}": "ein Kopf hat {1} Bytes, mehr als {2}",
        "a message has too many frames or bytes": "eine Nachricht hat zu viele Blöcke oder Bytes",
        "kind {1}": "Art {1}",
        "{1} belongs on the main socket": "{1} gehört auf die Hauptverbindung",
        "{1} frames": "{1} Blöcke",
    },
    "remote": {
        "Ask its owner for a new invitation.": "Den Besitzer um eine neue Einladung bitten.",
        "Ask its owner for a new invitation. If you use a tunnel, check that the backend runs.": (
            "Den Besitzer um eine neue Einladung bitten. Bei einem Tunnel prüfen, ob das Backend läuft."
        ),
        "Ask its owner to open the ports of the backend in the firewall. The connection comes about by itself as soon as it can.": (
            "Den Besitzer bitten, die Ports des Backends in der Firewall zu öffnen. Die Verbindung entsteht dann von selbst."
        ),
        "Ask its owner to start it. The connection comes about by itself as soon as it can.": (
            "Den Besitzer bitten, es zu starten. Die Verbindung entsteht dann von selbst."
        ),
        "Ask its owner to type: cameo serve --bind 0.0.0.0. The connection comes about by itself as soon as it can.": (
            "Den Besitzer bitten, einzugeben: cameo serve --bind 0.0.0.0. Die Verbindung entsteht dann von selbst."
        ),
        "Ask the backend's owner for a new one: 'cameo keys invite' makes it.": (
            "Bei dem, dem das Backend gehört, eine neue erbitten: 'cameo keys invite' macht sie."
        ),
        "Check the address; the one in the invitation is that of 'cameo serve --bind'.": (
            "Die Adresse prüfen; in der Einladung steht die von 'cameo serve --bind'."
        ),
        "Choose the invitation again: the file that the backend's owner made with 'cameo keys invite'.": (
            "Die Einladung neu wählen: die Datei, die mit 'cameo keys invite' am Backend gemacht wurde."
        ),
        "The backend has said nothing for a while.": "Das Backend hat eine Weile nichts gesagt.",
        "The backend on {1} does not answer.": "Das Backend auf {1} antwortet nicht.",
        "The backend on {1} does not know this invitation.": "Das Backend auf {1} kennt diese Einladung nicht.",
        "The backend on {1} does not let you in.": "Das Backend auf {1} lässt keinen Zugang zu.",
        "The backend on {1} was stopped.": "Das Backend auf {1} wurde beendet.",
        "The invitation to the backend on another computer cannot be read.": (
            "Die Einladung zum Backend auf einem anderen Rechner kann nicht gelesen werden."
        ),
        "There is no computer named {1} in this network.": "In diesem Netzwerk ist kein Rechner namens {1}.",
        "This file is no invitation to a backend.": "Diese Datei ist keine Einladung zu einem Backend.",
        "This is no address of a computer.": "Das ist keine Adresse eines Rechners.",
        "Wait a moment. The connection comes about by itself as soon as it can.": (
            "Einen Moment warten. Die Verbindung entsteht von selbst, sobald es geht."
        ),
        "Wait a moment: what is under way goes on.": "Einen Moment warten: Was in Arbeit ist, geht weiter.",
        "What answers at port {1} of {2} is no Cameo backend that takes invitations.": (
            "Was an Port {1} von {2} antwortet, ist kein Cameo-Backend, das Einladungen annimmt."
        ),
        "Write a name or a number such as gpubox.local or 192.168.1.20; a port other than {1} follows after a colon.": (
            "Einen Namen oder eine Nummer wie gpubox.local oder 192.168.1.20 schreiben; ein anderer Port als {1} folgt nach einem Doppelpunkt."
        ),
        "Write the computer's number (such as 192.168.1.20) into Address in the add-on's preferences.": (
            "In den Einstellungen des Add-ons unter Adresse die Nummer des Rechners eintragen (zum Beispiel 192.168.1.20)."
        ),
        "another program uses the port, or it is the port for the computer itself": (
            "ein anderes Programm benutzt den Port, oder es ist der Port für den Rechner selbst"
        ),
        "it hangs, the network is broken, or another program uses the port": (
            "es hängt, das Netzwerk ist gestört, oder ein anderes Programm benutzt den Port"
        ),
        "it has other keys than when the invitation was made, or a tunnel leads nowhere": (
            "es hat andere Schlüssel als bei der Einladung, oder ein Tunnel führt ins Leere"
        ),
        "it is off, in another network, or a firewall is between you": (
            "er ist aus, in einem anderen Netzwerk oder hinter einer Firewall"
        ),
        "the backend does not run, or runs without --bind, or at another port": (
            "das Backend läuft nicht, läuft ohne --bind oder an einem anderen Port"
        ),
        "the name may be misspelt, or known in another network only": (
            "vielleicht ist der Name falsch geschrieben oder nur in einem anderen Netzwerk bekannt"
        ),
        "the network may be slow or broken": "das Netzwerk ist vielleicht langsam oder gestört",
        "your key was taken off its list": "der Schlüssel wurde aus seiner Liste genommen",
        "{1} cannot be reached at port {2}.": "{1} ist an Port {2} nicht erreichbar.",
        "{1} is damaged, or something else": "{1} ist beschädigt oder etwas anderes",
        "{1} is there, but no backend listens at its port {2}.": "{1} ist da, aber an Port {2} horcht kein Backend.",
    },
    "service": {
        "--bind takes an address of this computer, such as 192.168.1.20; 0.0.0.0 stands for all of them.": (
            "--bind nimmt eine Adresse dieses Rechners, zum Beispiel 192.168.1.20; 0.0.0.0 steht für alle."
        ),
        "A backend is already running in this folder.": "In diesem Ordner läuft schon ein Backend.",
        "A backend on another computer is stopped there.": "Ein Backend auf einem anderen Rechner wird dort beendet.",
        "Check that the disk is not full. If it is not, move this file away and start the backend again.": (
            "Prüfen, ob die Festplatte voll ist. Wenn nicht, diese Datei beiseitelegen und das Backend neu starten."
        ),
        "Disconnect, or ask its owner.": '"Trennen" drücken oder beim Besitzer fragen.',
        "Invite somebody first: cameo keys invite NAME ADDRESS-OF-THIS-COMPUTER": (
            "Zuerst jemanden einladen: cameo keys invite NAME ADRESSE-DIESES-RECHNERS"
        ),
        "Leave out --port to take a free one, choose another, or stop the program that uses it.": (
            "--port weglassen, um einen freien zu nehmen, einen anderen wählen oder das Programm beenden, das ihn benutzt."
        ),
        "Make the folder writable, or choose another one: --home, or Jobs in the add-on's preferences.": (
            "Den Ordner beschreibbar machen oder einen anderen wählen: mit --home oder unter Aufträge in den Einstellungen des Add-ons."
        ),
        "The backend cannot write into its folder {1}.": "Das Backend kann nicht in seinen Ordner {1} schreiben.",
        "The backend may be reached from other computers only by those who are invited, and nobody is.": (
            "Von anderen Rechnern dürfen nur Eingeladene das Backend erreichen, und niemand ist eingeladen."
        ),
        "The backend's list of jobs cannot be read or written.": (
            "Das Auftragsverzeichnis des Backends kann nicht gelesen oder geschrieben werden."
        ),
        "The port {1} cannot be used.": "Der Port {1} kann nicht benutzt werden.",
        "This computer has no such address.": "Dieser Rechner hat diese Adresse nicht.",
        "Use the one that runs, stop it, or choose another folder: --home, or Jobs in the preferences.": (
            "Das laufende benutzen, es beenden oder einen anderen Ordner wählen: mit --home oder unter Aufträge in den Einstellungen."
        ),
        "others may be using it": "vielleicht benutzen es andere",
        "the list in {1} is empty": "die Liste in {1} ist leer",
        "the lock in {1} is held": "die Sperre in {1} ist belegt",
    },
    "worker": {
        "Close other programs, or choose a smaller preset, then submit again.": (
            "Andere Programme schließen oder eine kleinere Qualität wählen, dann noch einmal abschicken."
        ),
        "It ended with exit code {1}.": "Er endete mit Exit-Code {1}.",
        "It ended with exit code {1}.\n{2}": "Er endete mit Exit-Code {1}.\n{2}",
        "It ended with exit code {1}. Its last words:\n{2}": "Er endete mit Exit-Code {1}. Seine letzten Worte:\n{2}",
        "It stopped answering.": "Er antwortete nicht mehr.",
        "It stopped answering.\n{1}": "Er antwortete nicht mehr.\n{1}",
        "It stopped answering. Its last words:\n{1}": "Er antwortete nicht mehr. Seine letzten Worte:\n{1}",
        "It was stopped by the system ({1}).": "Das System hat ihn beendet ({1}).",
        "It was stopped by the system ({1}).\n{2}": "Das System hat ihn beendet ({1}).\n{2}",
        "It was stopped by the system ({1}). Its last words:\n{2}": (
            "Das System hat ihn beendet ({1}). Seine letzten Worte:\n{2}"
        ),
        "Most often memory ran out: close other programs or choose a smaller preset, then submit again.": (
            "Meist ging der Arbeitsspeicher aus: Andere Programme schließen oder eine kleinere Qualität wählen, dann noch einmal abschicken."
        ),
        "Please report this, with the file worker.log from the backend's folder.": (
            "Bitte mit der Datei worker.log aus dem Ordner des Backends melden."
        ),
        "Please report this, with the file worker.log from the backend's folder. Other pictures may still work.": (
            "Bitte mit der Datei worker.log aus dem Ordner des Backends melden. Mit anderen Bildern kann es trotzdem gehen."
        ),
        "The backend made a mistake.": "Im Backend ist ein Fehler aufgetreten.",
        "The memory of this computer was not enough.": "Der Arbeitsspeicher dieses Rechners hat nicht gereicht.",
        "The worker process of the backend died.": "Der Arbeitsprozess des Backends ist abgestürzt.",
    },
}
