"""Avatars, their controls, and the cameras they bring."""

AVATAR = {
    "avatar": {
        "'{1}' belongs to another file.": "'{1}' gehört zu einer anderen Datei.",
        "'{1}' cannot be written to an avatar file.": "'{1}' kann nicht in eine Avatar-Datei geschrieben werden.",
        "'{1}' is not in this view layer.": "'{1}' ist nicht in dieser Ansichtsebene.",
        "A Blender driver holds {1} characters.": "Ein Blender-Treiber fasst {1} Zeichen.",
        "Behind the = there is no number from 0 to 1.": "Hinter dem = steht keine Zahl von 0 bis 1.",
        "Choose a file that Cameo wrote (its name ends in .cameo).": (
            "Eine Datei wählen, die Cameo geschrieben hat (ihr Name endet auf .cameo)."
        ),
        "Choose another file.": "Eine andere Datei wählen.",
        "Choose another folder for avatars in the add-on's preferences, or free some space.": (
            "In den Einstellungen des Add-ons einen anderen Ordner für Avatare wählen oder Platz schaffen."
        ),
        "Choose another kind of sheet; avatars of older files have no named poses.": (
            "Eine andere Art von Bogen wählen; Avatare aus älteren Dateien haben keine benannten Posen."
        ),
        "Copy or download it again; if this is the original, export the avatar again.": (
            "Die Datei noch einmal kopieren oder herunterladen; ist es das Original, den Avatar neu exportieren."
        ),
        "Delete the link in the outliner (Blender File view).": (
            "Die Verknüpfung im Outliner löschen (Ansicht Blender-Datei)."
        ),
        "Faces of the mesh that carry splats are gone.": "Flächen des Meshs, die Splats tragen, fehlen.",
        "Fetch it again.": "Noch einmal abholen.",
        "Import its avatar file again.": "Seine Avatar-Datei neu importieren.",
        "Import the avatar's file again, or write it before changing the mesh.": (
            "Die Datei des Avatars neu importieren oder ihn schreiben, bevor das Mesh verändert wird."
        ),
        "It was brought in by an earlier Cameo, which did not keep all that such a file holds.": (
            "Ein früheres Cameo hat ihn geladen und nicht alles behalten, was eine solche Datei enthält."
        ),
        "Its collection is excluded.": "Seine Sammlung ist ausgeschlossen.",
        "Make the avatar again with this version of Cameo.": "Den Avatar mit dieser Version von Cameo neu erzeugen.",
        "Make the avatar again, or place a camera by hand.": (
            "Den Avatar neu erzeugen oder eine Kamera von Hand aufstellen."
        ),
        "Name some, such as: neutral, joy, jawOpen=0.5.": "Einige nennen, zum Beispiel: neutral, joy, jawOpen=0.5.",
        "No avatar is selected.": "Kein Avatar ist ausgewählt.",
        "Select one in the panel.": "Einen im Panel auswählen.",
        "The avatar arrived damaged.": "Der Avatar kam beschädigt an.",
        "The avatar file {1} cannot be written.": "Die Avatar-Datei {1} kann nicht geschrieben werden.",
        "The avatar has no pose and no control of that name.": (
            "Der Avatar hat keine Pose und keinen Regler dieses Namens."
        ),
        "The avatar has none of these poses.": "Der Avatar hat keine dieser Posen.",
        "The file {1} cannot be opened.": "Die Datei {1} kann nicht geöffnet werden.",
        "The list of faces is empty.": "Die Liste der Gesichter ist leer.",
        "The mesh has faces that are not triangles.": "Das Mesh hat Flächen, die keine Dreiecke sind.",
        "The shape key 'Basis' is gone.": "Der Formschlüssel 'Basis' fehlt.",
        "The shape key 'pose_{1}_{2}' is gone.": "Der Formschlüssel 'pose_{1}_{2}' fehlt.",
        "The shape key '{1}' is gone.": "Der Formschlüssel '{1}' fehlt.",
        "There is no avatar named '{1}' in this scene.": "In dieser Szene ist kein Avatar namens '{1}'.",
        "There is no face '{1}'.": "Ein Gesicht '{1}' gibt es nicht.",
        "This Cameo reads avatar files up to version {1}.x.": "Dieses Cameo liest Avatar-Dateien bis Version {1}.x.",
        "This avatar does not know where its photo was taken from.": (
            "Dieser Avatar weiß nicht, von wo sein Foto aufgenommen wurde."
        ),
        "This avatar file is damaged.": "Diese Avatar-Datei ist beschädigt.",
        "This avatar file is incomplete.": "Diese Avatar-Datei ist unvollständig.",
        "This avatar has no control named '{1}'.": "Dieser Avatar hat keinen Regler namens '{1}'.",
        "This avatar has no pose named '{1}'.": "Dieser Avatar hat keine Pose namens '{1}'.",
        "This avatar was made by a newer Cameo (format {1}.{2}).": (
            "Dieser Avatar stammt von einem neueren Cameo (Format {1}.{2})."
        ),
        "This file is not a Cameo avatar.": "Diese Datei ist kein Cameo-Avatar.",
        "Tick the collection in the outliner.": "Im Outliner das Häkchen der Sammlung setzen.",
        "Too many controls of this avatar drive '{1}'.": "Zu viele Regler dieses Avatars steuern '{1}'.",
        "Update Cameo, or make the avatar again with this version.": (
            "Cameo aktualisieren oder den Avatar mit dieser Version neu erzeugen."
        ),
        "Use another copy of the file, or make the avatar again.": (
            "Eine andere Kopie der Datei benutzen oder den Avatar neu erzeugen."
        ),
        "Use names from the panels Poses and Controls, such as joy, mouthSmile or jawOpen=0.5.": (
            "Namen aus den Panels Posen und Regler benutzen, zum Beispiel joy, mouthSmile oder jawOpen=0.5."
        ),
        "Use one of the names on its face board.": "Einen der Namen auf seiner Gesichtstafel benutzen.",
        "Use one that the Poses panel offers; avatars of older files have none.": (
            "Eine benutzen, die das Panel Posen anbietet; Avatare aus älteren Dateien haben keine."
        ),
        "a control has no name": "ein Regler hat keinen Namen",
        "a part of the header is not an object": "ein Teil des Kopfes der Datei ist kein Objekt",
        "a pose has no name or no group": "eine Pose hat keinen Namen oder keine Gruppe",
        "avatar.json does not name the format cameo.avatar": "avatar.json nennt nicht das Format cameo.avatar",
        "controls is not a list": "controls ist keine Liste",
        "faces points outside 0..{1}": "faces zeigt über 0..{1} hinaus",
        "gaussian_face points outside 0..{1}": "gaussian_face zeigt über 0..{1} hinaus",
        "photo_camera has no picture size": "photo_camera hat keine Bildgröße",
        "photo_camera holds no {1} x {2} matrix": "photo_camera enthält keine Matrix {1} x {2}",
        "photo_controls does not map names to numbers": "photo_controls ordnet den Namen keine Zahlen zu",
        "posedir_start does not divide posedir_vertex": "posedir_start teilt posedir_vertex nicht auf",
        "posedir_start does not divide unit_vertex": "posedir_start teilt unit_vertex nicht auf",
        "posedir_vertex points outside 0..{1}": "posedir_vertex zeigt über 0..{1} hinaus",
        "poses is not a list": "poses ist keine Liste",
        "the archive has no avatar.json": "das Archiv hat kein avatar.json",
        "the archive's directory has too many or repeated entries": (
            "das Verzeichnis des Archivs hat zu viele oder doppelte Einträge"
        ),
        "the archive's directory is missing or damaged: {1}": (
            "das Verzeichnis des Archivs fehlt oder ist beschädigt: {1}"
        ),
        "the avatar to be written is not valid: {1}": "der Avatar, der geschrieben werden soll, ist ungültig: {1}",
        "the ceiling of the control {1} has no constant": "die Obergrenze des Reglers {1} hat keine Konstante",
        "the control {1} drives a unit or joint that does not exist": (
            "der Regler {1} steuert eine Form oder ein Gelenk, das es nicht gibt"
        ),
        "the control {1} drives something that is not (index, number)": (
            "der Regler {1} steuert etwas, das nicht (Index, Zahl) ist"
        ),
        "the control {1} is not a list of what it drives": "der Regler {1} ist keine Liste dessen, was er steuert",
        "the file does not begin like a ZIP archive": "die Datei beginnt nicht wie ein ZIP-Archiv",
        "the file has {1} bytes, more than the {2} allowed": "die Datei hat {1} Bytes, mehr als die erlaubten {2}",
        "the format version is not two whole numbers": "die Formatversion besteht nicht aus zwei ganzen Zahlen",
        "the pose {1} does not map names to numbers": "die Pose {1} ordnet den Namen keine Zahlen zu",
        "thumbnail.png is not a PNG picture": "thumbnail.png ist kein PNG-Bild",
        "unit_names is not a list of names": "unit_names ist keine Liste von Namen",
        "unit_start does not divide posedir_vertex": "unit_start teilt posedir_vertex nicht auf",
        "unit_start does not divide unit_vertex": "unit_start teilt unit_vertex nicht auf",
        "unit_vertex points outside 0..{1}": "unit_vertex zeigt über 0..{1} hinaus",
        "{1} cannot be read: {2}": "{1} kann nicht gelesen werden: {2}",
        "{1} has the shape {2} instead of {3}": "{1} hat die Form {2} statt {3}",
        "{1} has {2} bytes, more than the {3} allowed": "{1} hat {2} Bytes, mehr als die erlaubten {3}",
        "{1} holds numbers that are not finite": "{1} enthält Zahlen, die nicht endlich sind",
        "{1} is missing": "{1} fehlt",
        "{1} is not JSON: {2}": "{1} ist kein JSON: {2}",
        "{1} is not a JSON object": "{1} ist kein JSON-Objekt",
        "{1} is not plainly stored": "{1} ist nicht unverpackt gespeichert",
        "{1} units of {2} vertices are more than the format allows": (
            "{1} Formen mit {2} Vertices sind mehr, als das Format erlaubt"
        ),
        "{1}.npy cannot be read: {2}": "{1}.npy kann nicht gelesen werden: {2}",
        "{1}.npy does not hold the {2} numbers it promises": "{1}.npy enthält nicht die angekündigten {2} Zahlen",
        "{1}.npy has no valid header: {2}": "{1}.npy hat keinen gültigen Kopf: {2}",
        "{1}.npy is missing": "{1}.npy fehlt",
        "{1}.npy is of an unknown .npy version": "{1}.npy hat eine unbekannte .npy-Version",
        "{1}.npy is {2} with {3} axes instead of {4} with {5}": "{1}.npy ist {2} mit {3} Achsen statt {4} mit {5}",
    },
    "bake": {
        "Submit the picture again. If it happens again, please report this, with the picture.": (
            "Das Bild noch einmal abschicken. Geschieht es wieder, bitte zusammen mit dem Bild melden."
        ),
        "The avatar's thumbnail could not be written.": "Das Vorschaubild des Avatars konnte nicht geschrieben werden.",
        "The picture has the shape {1}.": "Das Bild hat die Form {1}.",
    },
    "camera": {
        "Its pixels are not square: focal lengths {1} and {2}.": (
            "Ihre Pixel sind nicht quadratisch: Brennweiten {1} und {2}."
        ),
        "This camera cannot be set up in Blender.": "Diese Kamera kann in Blender nicht eingerichtet werden.",
        "Use a camera whose focal length is the same both ways (fx = fy).": (
            "Eine Kamera benutzen, deren Brennweite in beiden Richtungen gleich ist (fx = fy)."
        ),
    },
    "controls": {
        'Give them as JSON: a number for each name, like {"jawOpen": 0.5}; three for a joint.': (
            'Als JSON angeben: eine Zahl für jeden Namen, wie {"jawOpen": 0.5}; drei für ein Gelenk.'
        ),
        "The values of the controls cannot be read.": "Die Werte der Regler können nicht gelesen werden.",
    },
}
