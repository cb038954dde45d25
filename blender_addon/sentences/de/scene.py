"""What is done in the scene: motion, films, renders, files that are written."""

SCENE = {
    "export": {
        "'{1}' is no format for motion.": "'{1}' ist kein Format für Bewegungen.",
        "'{1}' is no format for shapes.": "'{1}' ist kein Format für Formen.",
        "Blender could not write {1}.": "Blender konnte {1} nicht schreiben.",
        "Choose another folder, and see that Blender's own glTF and FBX add-ons are enabled.": (
            "Einen anderen Ordner wählen und nachsehen, ob Blenders eigene Add-ons für glTF und FBX aktiviert sind."
        ),
        "End the name in .glb or .fbx.": "Den Namen auf .glb oder .fbx enden lassen.",
        "End the name in .json or .csv.": "Den Namen auf .json oder .csv enden lassen.",
        "Exchange start and end.": "Start und Ende vertauschen.",
        "Frame {1} is before frame {2}.": "Einzelbild {1} liegt vor Einzelbild {2}.",
    },
    "film": {
        "Blender could not encode the film.": "Blender konnte den Film nicht kodieren.",
        "Blender wrote no film.": "Blender hat keinen Film geschrieben.",
        "Choose another format, such as PNG or GIF.": "Ein anderes Format wählen, zum Beispiel PNG oder GIF.",
        "Choose another picture.": "Ein anderes Bild wählen.",
        "Choose one, or another kind of background.": "Eines wählen, oder eine andere Art von Hintergrund.",
        "No picture is chosen for the background.": "Für den Hintergrund ist kein Bild gewählt.",
        "Start the film again, and keep its avatar in the scene until it is done.": (
            "Den Film neu starten und seinen Avatar in der Szene lassen, bis er fertig ist."
        ),
        "The avatar of this film was deleted or renamed.": "Der Avatar dieses Films wurde gelöscht oder umbenannt.",
        "The picture {1} cannot be read.": "Das Bild {1} kann nicht gelesen werden.",
        "The picture {1} is empty.": "Das Bild {1} ist leer.",
    },
    "motion": {
        '"fps" is {1}, which is not a number of a face.': '"fps" ist {1}; das ist keine Zahl für ein Gesicht.',
        '"fps" is {1}; 0.1 to 1000 can be read.': '"fps" ist {1}; lesbar ist 0.1 bis 1000.',
        '"frames" is not a list of 1 to {1} frames.': '"frames" ist keine Liste von 1 bis {1} Einzelbildern.',
        '"times" is not a list of {1} numbers, one for each frame.': (
            '"times" ist keine Liste von {1} Zahlen, eine je Einzelbild.'
        ),
        '"times", number {1} is {2}, which is not a number of a face.': (
            '"times", Nummer {1} ist {2}; das ist keine Zahl für ein Gesicht.'
        ),
        '"times", number {1}: it is not later than the one before.': (
            '"times", Nummer {1}: nicht später als die vorige.'
        ),
        "Bring Cameo up to date.": "Cameo aktualisieren.",
        "Choose a .csv, .npz or .json file.": "Eine .csv-, .npz- oder .json-Datei wählen.",
        "Choose a file with ARKit's names, or FLAME's joints.": (
            "Eine Datei mit ARKits Namen oder FLAMEs Gelenken wählen."
        ),
        "Choose a start and an end within it.": "Start und Ende innerhalb davon wählen.",
        "Choose another file.": "Eine andere Datei wählen.",
        "Export or record it again, or choose another file.": (
            "Neu exportieren oder aufnehmen, oder eine andere Datei wählen."
        ),
        "Frame {1} is not an object of names and values.": "Einzelbild {1} ist kein Objekt aus Namen und Werten.",
        "Frame {1}: more than {2} controls.": "Einzelbild {1}: mehr als {2} Regler.",
        "Frame {1}: {2} is not a list of three numbers.": "Einzelbild {1}: {2} ist keine Liste von drei Zahlen.",
        "Frame {1}: {2} is {3}, which is not a number of a face.": (
            "Einzelbild {1}: {2} ist {3}; das ist keine Zahl für ein Gesicht."
        ),
        "It has more than {1} rows.": "Sie hat mehr als {1} Zeilen.",
        "It has no row with values.": "Sie hat keine Zeile mit Werten.",
        "It has {1} frames; 1 to {2} can be read.": "Sie hat {1} Einzelbilder; lesbar sind 1 bis {2}.",
        "It holds none of FLAME's parameters, such as expr, jaw_pose or expression_params.": (
            "Sie enthält keine von FLAMEs Parametern, wie expr, jaw_pose oder expression_params."
        ),
        'It is JSON, but not a motion: "format" is not "cameo_motion".': (
            'Sie ist JSON, aber keine Bewegung: "format" ist nicht "cameo_motion".'
        ),
        "It is empty.": "Sie ist leer.",
        "It is larger than {1} MB.": "Sie ist größer als {1} MB.",
        "It is not JSON: {1}.": "Sie ist kein JSON: {1}.",
        "It is not a table of comma-separated values: {1}.": "Sie ist keine Tabelle mit Werten zwischen Kommas: {1}.",
        "It is not a whole .npz file: {1}.": "Sie ist keine vollständige .npz-Datei: {1}.",
        "It is not text (byte {1}), and no .npz.": "Sie ist kein Text (Byte {1}) und keine .npz-Datei.",
        "It is {1} seconds long.": "Sie ist {1} Sekunden lang.",
        "It was written by a newer Cameo.": "Sie stammt von einem neueren Cameo.",
        "Its parameters have different numbers of frames: {1}.": (
            "Ihre Parameter haben verschieden viele Einzelbilder: {1}."
        ),
        "Its timecodes are written in two ways.": "Ihre Zeitcodes sind auf zwei Arten geschrieben.",
        "Its timecodes do not go on: most rows are not later than the row before.": (
            "Ihre Zeitcodes laufen nicht weiter: Die meisten Zeilen sind nicht später als die vorige."
        ),
        "Line 1 names none of ARKit's shapes, such as EyeBlinkLeft.": (
            "Zeile 1 nennt keine von ARKits Formen, wie EyeBlinkLeft."
        ),
        "Line 1 names the column {1} twice.": "Zeile 1 nennt die Spalte {1} zweimal.",
        "Line {1}, column Timecode: '{2}' is no time such as 14:03:52:28.207.": (
            "Zeile {1}, Spalte Timecode: '{2}' ist keine Zeit wie 14:03:52:28.207."
        ),
        "Line {1}, column {2} ({3}): '{4}' is not a number of a face.": (
            "Zeile {1}, Spalte {2} ({3}): '{4}' ist keine Zahl für ein Gesicht."
        ),
        "Line {1}, column {2} ({3}): there is no value.": "Zeile {1}, Spalte {2} ({3}): Es steht kein Wert da.",
        "Nothing in this motion moves the avatar.": "Nichts in dieser Bewegung bewegt den Avatar.",
        "The file names none of its controls and turns no joint.": (
            "Die Datei nennt keinen seiner Regler und dreht kein Gelenk."
        ),
        "The file {1} cannot be opened.": "Die Datei {1} kann nicht geöffnet werden.",
        "The motion has too many frames.": "Die Bewegung hat zu viele Einzelbilder.",
        "The motion in {1} cannot be read.": "Die Bewegung in {1} kann nicht gelesen werden.",
        "The trim leaves nothing of the motion.": "Vom Ausschnitt bleibt nichts von der Bewegung übrig.",
        "Trim it, or lower the frame rate.": "Sie kürzen oder die Bildrate senken.",
        "{1} has the shape {2} and the type {3}; it should be numbers.": (
            "{1} hat die Form {2} und den Typ {3}; es sollten Zahlen sein."
        ),
        "{1} has {2} numbers a frame; it should have {3}.": "{1} hat {2} Zahlen je Einzelbild; es sollten {3} sein.",
        "{1} is larger than {2} MB.": "{1} ist größer als {2} MB.",
        "{1}, frame {2}, number {3}: not a number of a face.": (
            "{1}, Einzelbild {2}, Nummer {3}: keine Zahl für ein Gesicht."
        ),
    },
    "output": {
        "Choose another folder.": "Einen anderen Ordner wählen.",
        "Choose another library, or make its folder writable.": (
            "Eine andere Bibliothek wählen oder ihren Ordner beschreibbar machen."
        ),
        "Free some space, or make its folder writable.": "Platz schaffen oder ihren Ordner beschreibbar machen.",
        "No folder is chosen for the pictures.": "Für die Bilder ist kein Ordner gewählt.",
        "Save the .blend, or choose a folder.": "Die .blend-Datei speichern oder einen Ordner wählen.",
        "The asset library cannot be written.": "Die Asset-Bibliothek kann nicht geschrieben werden.",
        "The file {1} cannot be written.": "Die Datei {1} kann nicht geschrieben werden.",
        "The film cannot be written.": "Der Film kann nicht geschrieben werden.",
        "The folder {1} cannot be written.": "In den Ordner {1} kann nicht geschrieben werden.",
        "The path begins with //, the .blend's folder, and the .blend is not saved yet.": (
            "Der Pfad beginnt mit //, dem Ordner der .blend-Datei, und die ist noch nicht gespeichert."
        ),
    },
    "render": {
        "Add a camera, or set up a turntable.": "Eine Kamera hinzufügen oder einen Turntable einrichten.",
        "Cameo cannot render through '{1}'.": "Cameo kann nicht durch '{1}' rendern.",
        "Change what the cause names, then render again.": "Ändern, was die Ursache nennt, dann erneut rendern.",
        "Choose Cycles or EEVEE as the scene's render engine: Cameo then adds the splats.": (
            "Cycles oder EEVEE als Render-Engine der Szene wählen: Cameo fügt die Splats dann hinzu."
        ),
        "Choose another camera type, or another render engine.": (
            "Eine andere Art von Kamera oder eine andere Render-Engine wählen."
        ),
        "Import one, or make one from a portrait.": "Einen importieren oder aus einem Porträt erzeugen.",
        "It is not a perspective or orthographic camera.": "Sie ist keine perspektivische oder orthografische Kamera.",
        "The picture could not be rendered.": "Das Bild konnte nicht gerendert werden.",
        "The scene has no camera.": "Die Szene hat keine Kamera.",
        "There is no avatar in this scene.": "In dieser Szene ist kein Avatar.",
        "This scene is rendered by Cameo, which draws splats alone.": (
            "Diese Szene wird von Cameo gerendert, das allein Splats zeichnet."
        ),
    },
}
