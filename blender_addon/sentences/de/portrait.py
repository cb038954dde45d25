"""The picture: what is wrong with it, what was seen in it, and the face that is measured in it."""

PORTRAIT = {
    "clip": {
        "Choose a video in which one face is seen from the front.": (
            "Ein Video wählen, in dem ein Gesicht von vorn zu sehen ist."
        ),
        "Convert it to MP4 (H.264) and try again.": "Es in MP4 (H.264) umwandeln und erneut versuchen.",
        "No face was found in the video '{1}'.": "Im Video '{1}' wurde kein Gesicht gefunden.",
        "The video '{1}' could not be read.": "Das Video '{1}' konnte nicht gelesen werden.",
        "There is no rig clip named '{1}'.": "Es gibt keinen Rig-Clip namens '{1}'.",
        "Use some of: {1}.": "Einige davon benutzen: {1}.",
        "it is damaged, or of a kind that OpenCV cannot decode": (
            "es ist beschädigt oder von einer Art, die OpenCV nicht lesen kann"
        ),
    },
    "examiner": {
        "The picture could not be looked at.": "Das Bild konnte nicht angesehen werden.",
        "Try again, or generate without looking first. If it happens again, please report it with examiner.log.": (
            "Erneut versuchen oder ohne vorheriges Ansehen erzeugen. Geschieht es wieder, bitte mit examiner.log melden."
        ),
        "exit code {1}. {2}": "Exit-Code {1}. {2}",
    },
    "painter": {
        "The backend could not draw the picture.": "Das Backend konnte das Bild nicht zeichnen.",
        "Let Blender draw the pictures. If it happens again, please report it with painter.log.": (
            "Blender die Bilder zeichnen lassen. Geschieht es wieder, bitte mit painter.log melden."
        ),
        "exit code {1}. {2}": "Exit-Code {1}. {2}",
    },
    "fit": {
        "A moment has no picture.": "Ein Moment hat kein Bild.",
        "Both eyes were found at the same place.": "Beide Augen wurden an derselben Stelle gefunden.",
        "Number the moments without gaps.": "Die Momente lückenlos nummerieren.",
        "The face in the picture could not be measured.": "Das Gesicht im Bild konnte nicht vermessen werden.",
        "The face in the pictures could not be measured.": "Das Gesicht in den Bildern konnte nicht vermessen werden.",
        "Too few landmarks were found, or they do not spread like a face.": (
            "Es wurden zu wenige Gesichtspunkte gefunden, oder sie liegen nicht wie in einem Gesicht."
        ),
        "Use a picture that shows the face from the front.": "Ein Bild benutzen, das das Gesicht von vorn zeigt.",
    },
    "portrait": {
        "Blender gets no picture from the clipboard.": "Blender bekommt kein Bild aus der Zwischenablage.",
        "Blender takes no pictures from the clipboard of X11 by itself": (
            "Blender selbst übernimmt aus der Zwischenablage von X11 keine Bilder"
        ),
        "Both eyes are hard to make out; something may cover the face there.": (
            "Beide Augen sind schwer zu erkennen; vielleicht verdeckt dort etwas das Gesicht."
        ),
        "Check the path.": "Den Pfad prüfen.",
        "Choose a PNG, JPEG or WebP file.": "Eine PNG-, JPEG- oder WebP-Datei wählen.",
        "Choose a picture file that you may read.": "Eine Bilddatei wählen, für die Leserechte bestehen.",
        "Choose a picture in which both eyes can be seen well.": (
            "Ein Bild wählen, auf dem beide Augen gut zu sehen sind."
        ),
        "Choose a picture in which both eyes can be seen, or cut out the head so that it fills the picture.": (
            "Ein Bild wählen, auf dem beide Augen zu sehen sind, oder den Kopf so ausschneiden, dass er das Bild füllt."
        ),
        "Choose a picture of one person.": "Ein Bild einer Person wählen.",
        "Choose a smaller number; faces are counted from the largest, which is 0.": (
            "Eine kleinere Nummer wählen; gezählt wird vom größten Gesicht an, das die 0 hat."
        ),
        "Choose another file.": "Eine andere Datei wählen.",
        "Choose another picture.": "Ein anderes Bild wählen.",
        "Choose one of this Blender file.": "Eines aus dieser Blender-Datei wählen.",
        "Copy a picture, or the path of a picture file, and paste again.": (
            "Ein Bild oder den Pfad einer Bilddatei kopieren und noch einmal einfügen."
        ),
        "Copy or download the file again.": "Die Datei noch einmal kopieren oder herunterladen.",
        "Copy or export the picture again.": "Das Bild noch einmal kopieren oder exportieren.",
        "Copy the path of a picture file instead; or install the program xclip, and paste again.": (
            "Stattdessen den Pfad einer Bilddatei kopieren; oder das Programm xclip installieren und erneut einfügen."
        ),
        "Dark glasses seem to hide the eyes; the avatar's eyes will be invented.": (
            "Eine dunkle Brille scheint die Augen zu verdecken; die Augen des Avatars werden erfunden."
        ),
        "Generate without looking first, or upgrade the backend.": (
            "Ohne vorheriges Ansehen erzeugen oder das Backend aktualisieren."
        ),
        "It is older than this add-on.": "Es ist älter als dieses Add-on.",
        "Its file may be gone, or it was never rendered.": "Vielleicht fehlt seine Datei, oder es wurde nie gerendert.",
        "No face was found in the picture.": "Im Bild wurde kein Gesicht gefunden.",
        "No image is chosen.": "Kein Bild ist gewählt.",
        "No portrait is chosen.": "Kein Porträt ist gewählt.",
        "Render a picture, then try again.": "Ein Bild rendern, dann erneut versuchen.",
        "Save it smaller.": "Es kleiner speichern.",
        "Save the picture as PNG, JPEG or WebP.": "Das Bild als PNG, JPEG oder WebP speichern.",
        "Scale it down or cut out the head.": "Es verkleinern oder den Kopf ausschneiden.",
        "The face is blurred; the avatar's skin and eyes will be soft.": (
            "Das Gesicht ist unscharf; Haut und Augen des Avatars werden weich."
        ),
        "The face is only {1} pixels high.": "Das Gesicht ist nur {1} Pixel hoch.",
        "The face is only {1} pixels high; fine detail will be missing.": (
            "Das Gesicht ist nur {1} Pixel hoch; feine Einzelheiten werden fehlen."
        ),
        "The face is seen from the side.": "Das Gesicht ist von der Seite zu sehen.",
        "The file is a BMP, which Cameo does not read.": "Die Datei ist ein BMP; das liest Cameo nicht.",
        "The file is a GIF, which Cameo does not read.": "Die Datei ist ein GIF; das liest Cameo nicht.",
        "The file is a HEIC photo, which Cameo does not read.": "Die Datei ist ein HEIC-Foto; das liest Cameo nicht.",
        "The file is a HEIF photo, which Cameo does not read.": "Die Datei ist ein HEIF-Foto; das liest Cameo nicht.",
        "The file is a PDF, which Cameo does not read.": "Die Datei ist ein PDF; das liest Cameo nicht.",
        "The file is a Photoshop file, which Cameo does not read.": (
            "Die Datei ist eine Photoshop-Datei; das liest Cameo nicht."
        ),
        "The file is a TIFF, which Cameo does not read.": "Die Datei ist ein TIFF; das liest Cameo nicht.",
        "The file is an AVIF picture, which Cameo does not read.": (
            "Die Datei ist ein AVIF-Bild; das liest Cameo nicht."
        ),
        "The file is an OpenEXR file, which Cameo does not read.": (
            "Die Datei ist eine OpenEXR-Datei; das liest Cameo nicht."
        ),
        "The file is an SVG drawing, which Cameo does not read.": (
            "Die Datei ist eine SVG-Zeichnung; das liest Cameo nicht."
        ),
        "The file is an XML or SVG file, which Cameo does not read.": (
            "Die Datei ist eine XML- oder SVG-Datei; das liest Cameo nicht."
        ),
        "The file is not a picture.": "Die Datei ist kein Bild.",
        "The file {1} cannot be read.": "Die Datei {1} kann nicht gelesen werden.",
        "The image {1} holds no picture.": "Das Bild {1} ist leer.",
        "The left eye (the person's own) is hard to make out; something may cover the face there.": (
            "Das linke Auge (von der Person aus) ist schwer zu erkennen; vielleicht verdeckt dort etwas das Gesicht."
        ),
        "The mouth is hard to make out; something may cover it.": (
            "Der Mund ist schwer zu erkennen; vielleicht verdeckt ihn etwas."
        ),
        "The picture file is cut short.": "Die Bilddatei ist abgeschnitten.",
        "The picture file is damaged.": "Die Bilddatei ist beschädigt.",
        "The picture file is empty.": "Die Bilddatei ist leer.",
        "The picture is an animation; its first frame was taken.": (
            "Das Bild ist eine Animation; ihr erstes Einzelbild wurde genommen."
        ),
        "The picture is too large.": "Das Bild ist zu groß.",
        "The picture {1} cannot be opened.": "Das Bild {1} kann nicht geöffnet werden.",
        "The picture {1} is an empty file.": "Das Bild {1} ist eine leere Datei.",
        "The picture {1} is too large.": "Das Bild {1} ist zu groß.",
        "The render cannot be taken.": "Das Rendering kann nicht übernommen werden.",
        "The right eye (the person's own) is hard to make out; something may cover the face there.": (
            "Das rechte Auge (von der Person aus) ist schwer zu erkennen; vielleicht verdeckt dort etwas das Gesicht."
        ),
        "There is no face number {1} in the picture.": "Im Bild ist kein Gesicht mit der Nummer {1}.",
        "There is no file {1}.": "Eine Datei {1} gibt es nicht.",
        "There is no image named '{1}'.": "Es gibt kein Bild namens '{1}'.",
        "There is no picture on the clipboard.": "In der Zwischenablage ist kein Bild.",
        "This backend cannot look at a picture before a head is made.": (
            "Dieses Backend kann ein Bild nicht ansehen, bevor der Kopf erzeugt wird."
        ),
        "Use a larger version of the picture or one taken from nearer.": (
            "Eine größere Fassung des Bildes benutzen oder eines, das aus der Nähe aufgenommen ist."
        ),
        "at least {1} pixels are needed": "mindestens {1} Pixel werden gebraucht",
        "it has more than twice the {1} million pixels that are read": (
            "es hat mehr als das Doppelte der {1} Millionen Pixel, die gelesen werden"
        ),
        "it has {1} MB, at most {2} MB are read": "es hat {1} MB, höchstens {2} MB werden gelesen",
        "it has {1} x {2} pixels, at most {3} million are read": (
            "es hat {1} x {2} Pixel, höchstens {3} Millionen werden gelesen"
        ),
        "it is turned by about {1} degrees; up to {2} can be used": (
            "es ist um etwa {1} Grad gedreht; bis {2} sind brauchbar"
        ),
        "its content is neither PNG nor JPEG nor WebP": "ihr Inhalt ist weder PNG noch JPEG noch WebP",
        "nothing in it looks like a face seen from the front or half from the side": (
            "nichts darin sieht wie ein Gesicht von vorn oder halb von der Seite aus"
        ),
        "only the first bytes are there": "nur die ersten Bytes sind da",
        "the WebP header announces more bytes than the file has": (
            "der WebP-Kopf kündigt mehr Bytes an, als die Datei hat"
        ),
        "{1} MB; {2} MB are allowed": "{1} MB; {2} MB sind erlaubt",
        "{1} faces were found; the largest (number 0) was taken. By number and pixel: {2}.": (
            "{1} Gesichter wurden gefunden; das größte (Nummer 0) wurde genommen. Nach Nummer und Pixel: {2}."
        ),
        "{1} found": "{1} gefunden",
    },
    "tracking": {
        "None of the driven pictures shows a face that can be read.": (
            "Keines der bewegten Bilder zeigt ein lesbares Gesicht."
        ),
        "None of the still views shows a face that the landmarker can read.": (
            "Keine der stillen Ansichten zeigt ein Gesicht, das sich lesen lässt."
        ),
        "The face could not be followed through the generated pictures.": (
            "Das Gesicht konnte durch die erzeugten Bilder nicht verfolgt werden."
        ),
        "The faces in the driven pictures contradict each other.": (
            "Die Gesichter in den bewegten Bildern widersprechen einander."
        ),
        "Try another picture, one that shows the face from the front and well lit, or the built-in engine.": (
            "Ein anderes Bild versuchen, das das Gesicht von vorn und gut beleuchtet zeigt, oder die eingebaute Engine."
        ),
        "{1} of {2} driven pictures contradict the others of their moment and were left out.": (
            "{1} von {2} bewegten Bildern widersprechen den anderen ihres Moments und wurden weggelassen."
        ),
    },
}
