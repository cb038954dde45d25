"""How a head is made: what goes on, engines, qualities, settings."""

MAKING = {
    "engine": {
        "Ask the authors of {1} before you use its heads in paid work.": (
            "Vor bezahlter Arbeit mit diesen Köpfen die Urheber von {1} fragen."
        ),
        "Built in": "Eingebaut",
        "Choose one of: {1}.": "Eine davon wählen: {1}.",
        "FaceCraft4D": "FaceCraft4D",
        "Get what is missing, then connect again; or choose another engine.": (
            "Das Fehlende besorgen und neu verbinden, oder eine andere Engine wählen."
        ),
        "Heads made with it may be used in paid work.": "Ihre Köpfe dürfen in bezahlter Arbeit benutzt werden.",
        "Heads made with it may not be used in paid work, because of {1}.": (
            "Ihre Köpfe dürfen nicht in bezahlter Arbeit benutzt werden, wegen {1}."
        ),
        "The engine {1} is not ready.": "Die Engine {1} ist nicht bereit.",
        "There is no engine named '{1}'.": "Es gibt keine Engine namens '{1}'.",
        "from this picture alone, nothing to download": "allein aus diesem Bild, ohne etwas herunterzuladen",
        "generative networks, for a strong GPU": "generative Netze, für eine starke GPU",
        "{1} are not installed; type 'cameo weights' in a terminal to see how to get them.": (
            "{1} sind nicht installiert; in einem Terminal zeigt 'cameo weights', wie sie zu bekommen sind."
        ),
        "{1} is not installed; type 'cameo weights' in a terminal to see how to get it.": (
            "{1} ist nicht installiert; in einem Terminal zeigt 'cameo weights', wie es zu bekommen ist."
        ),
    },
    "preset": {
        "Paper schedule": "Ablauf der Veröffentlichung",
        "Preview": "Vorschau",
        "Standard": "Standard",
        "Toy": "Spielzeug",
        "about 15 minutes on 2 cores": "etwa 15 Minuten auf 2 Kernen",
        "about 5 minutes on 2 cores": "etwa 5 Minuten auf 2 Kernen",
        "hours on a GPU, days without one": "Stunden auf einer GPU, Tage ohne",
        "seconds; only to test the whole way": "Sekunden; nur um den ganzen Weg zu testen",
    },
    "progress": {
        "Fitting: step {1} of {2}": "Anpassung: Schritt {1} von {2}",
        "Following the face": "Gesicht wird verfolgt",
        "Gathering the surface": "Oberfläche wird gesammelt",
        "Lifting the surface": "Oberfläche wird gehoben",
        "Measuring": "Es wird gemessen",
        "Painting the head": "Kopf wird bemalt",
        "Preparing the renderer (slow at the first start only)": (
            "Renderer wird vorbereitet (nur beim ersten Start langsam)"
        ),
        "Reading the faces": "Gesichter werden gelesen",
        "Reconciling the views: step {1} of {2}": "Ansichten werden abgeglichen: Schritt {1} von {2}",
        "Reconstructed": "Rekonstruiert",
        "Tracked": "Verfolgt",
        "checking the expressions": "Ausdrücke werden geprüft",
        "collecting the surface": "Oberfläche wird gesammelt",
        "denoising": "Rauschen wird entfernt",
        "dividing the surface": "Oberfläche wird aufgeteilt",
        "done": "fertig",
        "fetched {1}": "{1} geladen",
        "fetching {1} ({2} MB, {3})": "{1} wird geladen ({2} MB, {3})",
        "finding hair and skin": "Haar und Haut werden gesucht",
        "finding the face in the views": "Gesicht wird in den Ansichten gesucht",
        "fitting the head": "Kopf wird angepasst",
        "growing hair": "Haare wachsen",
        "inverting": "Umkehrung",
        "loading LivePortrait": "LivePortrait wird geladen",
        "looking at the head from all around": "Kopf wird rundum angesehen",
        "looking for the face": "Gesicht wird gesucht",
        "looking for the head": "Kopf wird gesucht",
        "loss {1}, {2} dB": "Fehler {1}, {2} dB",
        "making the head like the picture": "Kopf wird dem Bild angeglichen",
        "moving the views: {1}": "Ansichten werden bewegt: {1}",
        "painting the skin": "Haut wird gemalt",
        "photographing the head": "Kopf wird fotografiert",
        "reading PanoHead": "PanoHead wird gelesen",
        "reading SDXL": "SDXL wird gelesen",
        "reading the clip '{1}'": "Clip '{1}' wird gelesen",
        "reading the picture": "Bild wird gelesen",
        "reading the views": "Ansichten werden gelesen",
        "separating head and background": "Kopf und Hintergrund werden getrennt",
        "trying again: {1}": "neuer Versuch: {1}",
        "view {1} of {2}": "Ansicht {1} von {2}",
        "waiting for another process that fetches {1}": "es wird auf einen anderen Prozess gewartet, der {1} lädt",
    },
    "rasterizer": {
        "Install the extra 'cuda' (pip install 'cameo[cuda]'), or run on the CPU.": (
            "Den Zusatz 'cuda' installieren (pip install 'cameo[cuda]') oder auf dem Prozessor rechnen."
        ),
        "The GPU renderer gsplat is not installed.": "Der GPU-Renderer gsplat ist nicht installiert.",
    },
    "reconstruction": {
        "Choose a view from 0 to {1}.": "Eine Ansicht von 0 bis {1} wählen.",
        "Free some disk space; the job goes on from the last checkpoint.": (
            "Platz auf der Festplatte schaffen; der Auftrag geht vom letzten Zwischenstand weiter."
        ),
        "Make it again with a preset that reconciles views, and keep the job's folder.": (
            "Ihn mit einer Qualität neu erzeugen, die die Ansichten abgleicht, und den Ordner des Auftrags behalten."
        ),
        "The avatar cannot be given another view's look: what its views saw was not kept.": (
            "Der Avatar kann nicht das Aussehen einer anderen Ansicht bekommen: Was seine Ansichten zeigten, wurde nicht aufbewahrt."
        ),
        "The training checkpoint could not be written.": (
            "Der Zwischenstand des Trainings konnte nicht geschrieben werden."
        ),
        "There is no view {1}.": "Eine Ansicht {1} gibt es nicht.",
    },
    "request": {
        "A backend on another computer cannot read a file of yours.": (
            "Ein Backend auf einem anderen Rechner kann Dateien dieses Rechners nicht lesen."
        ),
        "Choose one of: {1}.": "Eine davon wählen: {1}.",
        "Empty Head Model in the add-on's preferences: heads made there are on Cameo's own head model.": (
            "In den Einstellungen des Add-ons das Feld Kopfmodell leeren: Dort erzeugte Köpfe haben Cameos eigenes Kopfmodell."
        ),
        "It is the number of a view.": "Es ist die Nummer einer Ansicht.",
        "The option 'baked_view' cannot be {1}.": "Die Option 'baked_view' kann nicht {1} sein.",
        "The options are hair, seed, head_model_path, baked_view, and settings such as portrait.size, engine.seed or reconstruction.static_steps.": (
            "Die Optionen sind hair, seed, head_model_path, baked_view und Einstellungen wie portrait.size, engine.seed oder reconstruction.static_steps."
        ),
        "The setting {1} cannot be {2}.": "Die Einstellung {1} kann nicht {2} sein.",
        "The settings there are: {1}.": "Diese Einstellungen gibt es: {1}.",
        "The stages are, in this order: {1}.": "Die Schritte sind, in dieser Reihenfolge: {1}.",
        "There is no option named {1}.": "Es gibt keine Option namens {1}.",
        "There is no preset named {1}.": "Es gibt keine Qualität namens {1}.",
        "There is no setting named {1}.": "Es gibt keine Einstellung namens {1}.",
        "There is no stage named {1}.": "Es gibt keinen Schritt namens {1}.",
        "What it can be: a list of {1}, with commas.": "Möglich ist: eine Liste von {1}, mit Kommas.",
        "What it can be: {1}.": "Möglich ist: {1}.",
        "the setting {1} names one": "die Einstellung {1} nennt eine",
    },
}
