"""Run by the system's Python, which has kolabformat: writes Kolab objects, and says what it reads in others.

`write` prints a JSON object: for each name of an object its XML. `read` takes a JSON list of [kind, XML] and prints
for each what the library reads, with the number and the text of its error.
"""

import json
import sys

import kolabformat as kolab


def moment(*parts, zone="", utc=False):
    made = kolab.cDateTime(*parts)
    if zone:
        made.setTimezone(zone)
    if utc:
        made.setUTC(True)
    return made


CREATED = (2024, 1, 2, 3, 4, 5)
BERLIN = "Europe/Berlin"


def incidence(kind, uid):
    item = kind()
    item.setUid(uid)
    item.setCreated(moment(*CREATED, utc=True))
    item.setLastModified(moment(2024, 1, 3, 3, 4, 5, utc=True))
    item.setClassification(kolab.ClassPrivate)
    item.setCategories(["Work", "Be,ta"])
    item.setSummary("Planning; with, \\ marks <&>")
    item.setDescription("First line\nsecond")
    item.setCustomProperties([kolab.CustomProperty("X-FOREIGN", "a;b,c"), kolab.CustomProperty("lower", "kept")])
    return item


def attendee(email, name, status, role=kolab.Required, kind=kolab.CutypeIndividual):
    made = kolab.Attendee(kolab.ContactReference(email, name, "uid-of-" + email.partition("@")[0]))
    made.setPartStat(status)
    made.setRole(role)
    made.setCutype(kind)
    made.setRSVP(status == kolab.PartNeedsAction)
    return made


def attachments():
    beside = kolab.Attachment()
    beside.setLabel("beside.txt")
    beside.setUri("cid:beside.1@kolab", "text/plain")
    within = kolab.Attachment()
    within.setLabel("within.bin")
    within.setData("hello", "application/octet-stream")
    link = kolab.Attachment()
    link.setLabel("link")
    link.setUri("http://example.com/file", "text/html")
    return [beside, within, link]


def event():
    item = incidence(kolab.Event, "event-1")
    item.setStart(moment(2024, 3, 4, 9, 0, 0, zone=BERLIN))
    item.setEnd(moment(2024, 3, 4, 10, 30, 0, zone=BERLIN))
    item.setLocation("Room 1")
    item.setComment("a comment")
    item.setPriority(1)
    item.setSequence(3)
    item.setStatus(kolab.StatusTentative)
    item.setUrl("http://example.com/event")
    rule = kolab.RecurrenceRule()
    rule.setFrequency(kolab.RecurrenceRule.Weekly)
    rule.setInterval(2)
    rule.setByday([kolab.DayPos(0, kolab.Monday), kolab.DayPos(0, kolab.Wednesday)])
    rule.setCount(10)
    item.setRecurrenceRule(rule)
    item.setExceptionDates([moment(2024, 3, 18, 9, 0, 0, zone=BERLIN), moment(2024, 4, 1, 9, 0, 0, zone=BERLIN)])
    people = [
        attendee("ann@example.com", "Ann Other", kolab.PartAccepted),
        attendee("bob@example.com", "Bob", kolab.PartNeedsAction, kolab.Optional),
        attendee("room@example.com", "Room", kolab.PartTentative, kolab.NonParticipant, kolab.CutypeResource),
    ]
    item.setAttendees(people)
    item.setOrganizer(kolab.ContactReference("chief@example.com", "The Chief"))
    item.setAttachments(attachments())
    shown = kolab.Alarm("look")
    shown.setRelativeStart(kolab.Duration(0, 0, 15, 0, True), kolab.Start)
    mailed = kolab.Alarm("Subject", "Text", [kolab.ContactReference("me@example.com", "Me")])
    mailed.setStart(moment(2024, 3, 4, 8, 0, 0, utc=True))
    item.setAlarms([shown, mailed])
    moved = kolab.Event(item)
    moved.setRecurrenceID(moment(2024, 3, 6, 9, 0, 0, zone=BERLIN), False)
    moved.setStart(moment(2024, 3, 6, 11, 0, 0, zone=BERLIN))
    moved.setEnd(moment(2024, 3, 6, 12, 0, 0, zone=BERLIN))
    moved.setSummary("Moved")
    moved.setDescription("Another text")
    moved.setAttendees(people[:1])
    moved.setRecurrenceRule(kolab.RecurrenceRule())
    moved.setExceptionDates([])
    item.setExceptions([moved])
    return item


def whole_days():
    item = incidence(kolab.Event, "event-2")
    item.setStart(moment(2024, 3, 4))
    item.setEnd(moment(2024, 3, 5))
    item.setTransparency(True)
    rule = kolab.RecurrenceRule()
    rule.setFrequency(kolab.RecurrenceRule.Yearly)
    rule.setBymonth([3])
    rule.setBymonthday([4])
    rule.setEnd(moment(2030, 3, 4))
    item.setRecurrenceRule(rule)
    return item


def counted_out():
    item = incidence(kolab.Event, "event-3")
    item.setStart(moment(2024, 3, 4, 9, 0, 0, zone=BERLIN))
    item.setEnd(moment(2024, 3, 4, 10, 0, 0, zone=BERLIN))
    item.setRecurrenceDates([moment(2024, 3, 7, 9, 0, 0, zone=BERLIN), moment(2024, 3, 9, 9, 0, 0, zone=BERLIN)])
    return item


def todo():
    item = incidence(kolab.Todo, "todo-1")
    item.setStart(moment(2024, 3, 4, 9, 0, 0, zone=BERLIN))
    item.setDue(moment(2024, 3, 5, 10, 0, 0, zone=BERLIN))
    item.setPercentComplete(40)
    item.setStatus(kolab.StatusInProcess)
    item.setPriority(9)
    item.setRelatedTo(["parent"])
    item.setLocation("At home")
    rule = kolab.RecurrenceRule()
    rule.setFrequency(kolab.RecurrenceRule.Daily)
    rule.setInterval(3)
    item.setRecurrenceRule(rule)
    shown = kolab.Alarm("look")
    shown.setStart(moment(2024, 3, 5, 7, 0, 0, utc=True))
    item.setAlarms([shown])
    item.setAttachments(attachments())
    return item


def journal():
    item = incidence(kolab.Journal, "journal-1")
    item.setStart(moment(2024, 3, 4, 9, 0, 0, zone=BERLIN))
    item.setAttachments(attachments())
    return item


def telephone(types, number):
    made = kolab.Telephone()
    made.setTypes(types)
    made.setNumber(number)
    return made


def address(types, street, city, **more):
    made = kolab.Address()
    made.setTypes(types)
    made.setStreet(street)
    made.setLocality(city)
    made.setRegion(more.get("region", ""))
    made.setCode(more.get("code", ""))
    made.setCountry(more.get("country", ""))
    made.setLabel(more.get("label", ""))
    return made


def contact():
    item = kolab.Contact()
    item.setUid("contact-1")
    item.setName("Dr. Ann B. Cee Jr.")
    name = kolab.NameComponents()
    name.setSurnames(["Cee"])
    name.setGiven(["Ann"])
    name.setAdditional(["B."])
    name.setPrefixes(["Dr."])
    name.setSuffixes(["Jr."])
    item.setNameComponents(name)
    item.setNickNames(["Annie"])
    item.setTitles(["Head of things"])
    item.setNote("A note\nof two lines")
    item.setFreeBusyUrl("http://example.com/fb")
    item.setCategories(["Friends", "A,b"])
    firm = kolab.Affiliation()
    firm.setOrganisation("Firm; Sons")
    firm.setOrganisationalUnits(["Department"])
    firm.setRoles(["Engineer"])
    firm.setLogo("logo", "image/png")
    firm.setRelateds(
        [
            kolab.Related(kolab.Related.Text, "The Manager", kolab.Related.Manager),
            kolab.Related(kolab.Related.Text, "The Assistant", kolab.Related.Assistant),
        ]
    )
    office = address(
        kolab.Address.Work, "Street 1", "Berlin", region="BE", code="10115", country="Germany", label="on it"
    )
    firm.setAddresses([office])
    second = kolab.Affiliation()
    second.setOrganisation("Another firm")
    item.setAffiliations([firm, second])
    item.setAddresses([address(kolab.Address.Home, "Lane 2", "Ulm", code="89073")], 0)
    phones = [
        telephone(kolab.Telephone.Work | kolab.Telephone.Voice, "+49 1"),
        telephone(kolab.Telephone.Cell, "+49 2"),
        telephone(kolab.Telephone.Home, "+49 3"),
        telephone(kolab.Telephone.Fax | kolab.Telephone.Work, "+49 4"),
        telephone(kolab.Telephone.Pager, "+49 5"),
        telephone(kolab.Telephone.Textphone, "+49 6"),
        telephone(kolab.Telephone.Video, "+49 7"),
        telephone(kolab.Telephone.Car, "+49 8"),
        telephone(kolab.Telephone.Fax | kolab.Telephone.Home, "+49 9"),
    ]
    item.setTelephones(phones, 0)
    emails = [kolab.Email("ann@example.com", kolab.Email.Work), kolab.Email("ann@home.example", kolab.Email.Home)]
    item.setEmailAddresses([*emails, kolab.Email("third@example.com"), kolab.Email("fourth@example.com")], 0)
    item.setIMaddresses(["xmpp:ann@example.com"], 0)
    item.setUrls(
        [kolab.Url("http://example.com/", kolab.Url.NoType), kolab.Url("http://example.com/blog", kolab.Url.Blog)]
    )
    item.setBDay(moment(1980, 5, 6))
    item.setAnniversary(moment(2005, 7, 8))
    item.setPhoto("\x89PNG photo".encode("latin-1").decode("latin-1"), "image/png")
    item.setGender(kolab.Contact.Female)
    item.setLanguages(["de", "en"])
    kin = [("Bob", kolab.Related.Spouse), ("Kid", kolab.Related.Child), ("Kid 2", kolab.Related.Child)]
    item.setRelateds([kolab.Related(kolab.Related.Text, who, what) for who, what in kin])
    item.setGPSpos([kolab.Geo(1.5, 2.5)])
    item.setKeys([kolab.Key("key", kolab.Key.PKCS7_MIME)])
    crypto = kolab.Crypto()
    crypto.setAllowed(kolab.Crypto.PGPinline | kolab.Crypto.SMIME)
    item.setCrypto(crypto)
    item.setCustomProperties([kolab.CustomProperty("X-FOREIGN", "a;b,c"), kolab.CustomProperty("lower", "kept")])
    return item


def distribution_list():
    item = kolab.DistList()
    item.setUid("list-1")
    item.setName("The list")
    members = [
        kolab.ContactReference("ann@example.com", "Ann Other"),
        kolab.ContactReference("bob@example.com"),
        kolab.ContactReference(kolab.ContactReference.UidReference, "contact-1", "By her card"),
    ]
    item.setMembers(members)
    item.setCustomProperties([kolab.CustomProperty("X-FOREIGN", "a;b,c")])
    return item


def note():
    item = kolab.Note()
    item.setUid("note-1")
    item.setCreated(moment(*CREATED, utc=True))
    item.setLastModified(moment(2024, 1, 3, 3, 4, 5, utc=True))
    item.setSummary("The title")
    item.setDescription("<html><body><b>bold</b> text<br/>line</body></html>")
    item.setColor("#ffee00")
    item.setCategories(["Work"])
    item.setClassification(kolab.ClassConfidential)
    item.setCustomProperties([kolab.CustomProperty("X-FOREIGN", "a;b,c")])
    item.setAttachments(attachments())
    return item


# -- Reading -----------------------------------------------------------------------------------------------------------


def when(made):
    if not made.isValid():
        return None
    text = f"{made.year():04}-{made.month():02}-{made.day():02}"
    if made.isDateOnly():
        return text
    text += f" {made.hour():02}:{made.minute():02}:{made.second():02}"
    return text + (" UTC" if made.isUTC() else f" {made.timezone()}" if made.timezone() else "")


def customs(item):
    return {one.identifier: one.value for one in item.customProperties()}


def files(item):
    return [[one.label(), one.uri(), one.data(), one.mimetype()] for one in item.attachments()]


def common(item):
    return {
        "uid": item.uid(),
        "created": when(item.created()),
        "summary": item.summary(),
        "description": item.description(),
        "categories": list(item.categories()),
        "class": item.classification(),
        "customs": customs(item),
        "files": files(item),
    }


def people(item):
    return [
        [one.contact().email(), one.contact().name(), one.partStat(), one.role(), one.cutype()]
        for one in item.attendees()
    ]


def alarms(item):
    return [
        [one.type(), when(one.start()), one.relativeStart().minutes(), one.relativeStart().isNegative()]
        for one in item.alarms()
    ]


def series(item):
    rule = item.recurrenceRule()
    return {
        "rule": [rule.frequency(), rule.interval(), rule.count(), when(rule.end())],
        "days": [[one.occurence(), one.weekday()] for one in rule.byday()],
        "left_out": [when(one) for one in item.exceptionDates()],
        "more": [when(one) for one in item.recurrenceDates()],
    }


def read_event(item):
    return (
        common(item)
        | series(item)
        | {
            "start": when(item.start()),
            "end": when(item.end()),
            "location": item.location(),
            "comment": item.comment(),
            "priority": item.priority(),
            "status": item.status(),
            "transparent": item.transparency(),
            "url": item.url(),
            "organizer": [item.organizer().email(), item.organizer().name()],
            "people": people(item),
            "alarms": alarms(item),
            "exceptions": [read_event(one) | {"instance": when(one.recurrenceID())} for one in item.exceptions()],
        }
    )


def read_todo(item):
    return (
        common(item)
        | series(item)
        | {
            "start": when(item.start()),
            "due": when(item.due()),
            "percent": item.percentComplete(),
            "priority": item.priority(),
            "status": item.status(),
            "location": item.location(),
            "parents": list(item.relatedTo()),
            "alarms": alarms(item),
        }
    )


def read_journal(item):
    return common(item) | {"start": when(item.start())}


def place(one):
    return [one.types(), one.street(), one.locality(), one.region(), one.code(), one.country()]


def related(item):
    return [[one.relationTypes(), one.text()] for one in item.relateds()]


def read_contact(item):
    name = item.nameComponents()
    return {
        "uid": item.uid(),
        "name": item.name(),
        "parts": [*name.surnames(), *name.given(), *name.additional(), *name.prefixes(), *name.suffixes()],
        "nicknames": list(item.nickNames()),
        "titles": list(item.titles()),
        "note": item.note(),
        "free_busy": item.freeBusyUrl(),
        "categories": list(item.categories()),
        "firms": [
            [
                one.organisation(),
                list(one.organisationalUnits()),
                list(one.roles()),
                one.logo(),
                related(one),
                list(map(place, one.addresses())),
            ]
            for one in item.affiliations()
        ],
        "addresses": list(map(place, item.addresses())),
        "phones": [[one.types(), one.number()] for one in item.telephones()],
        "emails": [[one.types(), one.address()] for one in item.emailAddresses()],
        "im": list(item.imAddresses()),
        "urls": [[one.type(), one.url()] for one in item.urls()],
        "birthday": when(item.bDay()),
        "anniversary": when(item.anniversary()),
        "photo": [len(item.photo()), item.photoMimetype()],
        "gender": item.gender(),
        "languages": list(item.languages()),
        "kin": related(item),
        "places": len(item.gpsPos()),
        "keys": [[one.type(), one.key()] for one in item.keys()],  # noqa: SIM118
        "crypto": item.crypto().allowed(),
        "customs": customs(item),
    }


def read_list(item):
    return {
        "uid": item.uid(),
        "name": item.name(),
        "members": [[one.email(), one.name(), one.uid()] for one in item.members()],
        "customs": customs(item),
    }


def read_note(item):
    return common(item) | {"color": item.color()}


KINDS = {
    "event": (kolab.readEvent, read_event, kolab.writeEvent),
    "task": (kolab.readTodo, read_todo, kolab.writeTodo),
    "journal": (kolab.readJournal, read_journal, kolab.writeJournal),
    "contact": (kolab.readContact, read_contact, kolab.writeContact),
    "distribution-list": (kolab.readDistlist, read_list, kolab.writeDistlist),
    "note": (kolab.readNote, read_note, kolab.writeNote),
}
OBJECTS = {
    "event": [event, whole_days, counted_out],
    "task": [todo],
    "journal": [journal],
    "contact": [contact],
    "distribution-list": [distribution_list],
    "note": [note],
}


def written():
    found = []
    for kind, makers in OBJECTS.items():
        for make in makers:
            xml = KINDS[kind][2](make())
            if kolab.error():
                raise SystemExit(f"{make.__name__}: {kolab.errorMessage()}")
            found.append([make.__name__, kind, xml])
    return found


def reading(kind, xml):
    reader, fields, _ = KINDS[kind]
    item = reader(xml, False)
    error, message = kolab.error(), kolab.errorMessage()
    return {"error": error, "message": message, "valid": item.isValid(), "fields": fields(item)}


def main():
    out = sys.stdout
    # The library prints its warnings where it likes.
    sys.stdout = sys.stderr
    is_reading = sys.argv[1] == "read"
    result = [reading(kind, xml) for kind, xml in json.load(sys.stdin)] if is_reading else written()
    out.write("\n@@" + json.dumps(result) + "\n")


main()
