"""The patients.

The two versions of the bot differ on purpose: in `verify`, version 41 reads back every word that was recorded, and
a third of its callers do not hear it out. Version 42 sums it up in one sentence, and loses few there.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flows_analytics.demo.scenes import Scene, scene
from flows_analytics.testing import Step, calls, says, user

_ANYWHERE = {
    "start": 0.03,
    "get_prescriptions": 0.02,
    "get_allergies": 0.02,
    "get_conditions": 0.02,
    "get_visit_reason": 0.02,
    "end": 0.05,
    "front_desk": 0.2,
}
LEAVING = {"41": {**_ANYWHERE, "verify": 0.33}, "42": {**_ANYWHERE, "verify": 0.04}}
"""Share of visits in which the caller hangs up, for each version and node."""

_UNKNOWN = 0.1
_MISHEARD = 0.14
_CORRECTS = 0.22

_BIRTHDAYS = (
    ("March twelfth, nineteen eighty-four.", "1984-03-12"),
    ("That's the thirtieth of November, fifty-one.", "1951-11-30"),
    ("Seventh fourth ninety-seven. Yes, on Independence Day.", "1997-07-04"),
    ("January nineteenth, seventy-two.", "1972-01-19"),
    ("September eighth, two thousand and one.", "2001-09-08"),
)
_UNKNOWN_BIRTHDAYS = (
    ("It's the second of May, nineteen sixty.", "1960-05-02"),
    ("May second, nineteen sixty-one then?", "1961-05-02"),
    ("I really was born on the second of May.", "1960-02-05"),
)
_GREETINGS = (
    "Elm Street Clinic, this is Robin. To prepare your visit, may I have your date of birth, please?",
    "Hello, this is Robin from Elm Street Clinic. Let's get you ready for your visit. When were you born?",
)
_NOT_FOUND = "I'm sorry, I can't find that date in our records. Could you give it to me once more, with the year?"
_FRONT_DESK = "I'm sorry, I still can't find you. The front desk will call you back today. Goodbye!"
_YES = ("Yes, that's all correct.", "Yes, exactly.", "That's right, thank you.")
_GOODBYES = (
    "Thank you, you're all set. We'll see you at the clinic. Goodbye!",
    "That's everything, thank you for your patience. Get well soon, and goodbye!",
)


@dataclass(frozen=True)
class _Section:
    """A part of the form: how it is asked for, and what patients answer, in words and in the form."""

    name: str
    question: str
    objection: str
    asked_again: str
    answers: tuple[tuple[str, Any], ...]


_SECTIONS = (
    _Section(
        name="prescriptions",
        question="Thank you, I found you. Which prescriptions are you taking, and in which dosage?",
        objection="No, the prescriptions are wrong.",
        asked_again="My apologies. Which prescriptions are you taking?",
        answers=(
            ("I take lisinopril, ten milligrams, every morning.", ["lisinopril 10 mg"]),
            ("Metformin five hundred, twice a day, and a baby aspirin.", ["metformin 500 mg", "aspirin 81 mg"]),
            ("Just levothyroxine, fifty micrograms.", ["levothyroxine 50 mcg"]),
            ("None at the moment.", []),
        ),
    ),
    _Section(
        name="allergies",
        question="Noted. Do you have any allergies?",
        objection="Wait, the allergies aren't right.",
        asked_again="Of course. What are you allergic to?",
        answers=(
            ("Penicillin. I get a rash from it.", ["penicillin"]),
            ("Peanuts, and cats a little.", ["peanuts", "cats"]),
            ("No allergies that I know of.", []),
        ),
    ),
    _Section(
        name="conditions",
        question="Thank you. Do you have any medical conditions I should write down?",
        objection="The conditions need a change.",
        asked_again="No problem. Which conditions do you have?",
        answers=(
            ("High blood pressure, for ten years now.", ["high blood pressure"]),
            ("I have asthma.", ["asthma"]),
            ("Type two diabetes and some trouble with my thyroid.", ["type two diabetes", "thyroid disorder"]),
            ("No, nothing like that.", []),
        ),
    ),
    _Section(
        name="visit_reason",
        question="Almost done. What brings you to the doctor this time?",
        objection="Actually, that's not why I'm coming.",
        asked_again="I see. What is the reason for your visit?",
        answers=(
            ("My knee hurts when I climb the stairs.", "knee pain"),
            ("I've had this cough for three weeks.", "a persistent cough"),
            ("It's just the yearly checkup.", "the annual checkup"),
            ("I get dizzy when I stand up.", "dizziness"),
        ),
    ),
)


def patient_intake_scenes(dice: random.Random, version: str) -> list[Scene]:
    """Draw a call to the intake bot.

    Args:
        dice: What decides.
        version: The agent version.

    Returns:
        The scenes of a patient who stays to the end.
    """
    greeting = dice.choice(_GREETINGS)
    if dice.random() < _UNKNOWN:
        questions = (greeting, _NOT_FOUND, _NOT_FOUND)
        attempts = [_gives_birthday(*pair) for pair in zip(questions, _UNKNOWN_BIRTHDAYS, strict=True)]
        return [*attempts, scene("front_desk", says(_FRONT_DESK))]
    scenes: list[Scene] = []
    if dice.random() < _MISHEARD:
        scenes.append(_gives_birthday(greeting, _UNKNOWN_BIRTHDAYS[0]))
        greeting = _NOT_FOUND
    scenes.append(_gives_birthday(greeting, dice.choice(_BIRTHDAYS)))

    form: dict[str, Any] = {}
    scenes += [_fills_in(section, section.question, form, dice) for section in _SECTIONS]
    if dice.random() < _CORRECTS:
        wrong = dice.randrange(len(_SECTIONS))
        section, *following = _SECTIONS[wrong:]
        scenes += [
            scene(
                "verify",
                _reads_back(form, version),
                user(section.objection),
                calls("correct_information", section=section.name),
            ),
            # The flow goes on from there, so what comes after is asked once more.
            _fills_in(section, section.asked_again, form, dice),
            *(_fills_in(section, section.question, form, dice) for section in following),
        ]
    return [
        *scenes,
        scene("verify", _reads_back(form, version), user(dice.choice(_YES)), calls("confirm_information")),
        scene("end", says(dice.choice(_GOODBYES))),
    ]


def _gives_birthday(question: str, birthday: tuple[str, str]) -> Scene:
    words, date = birthday
    return scene("start", says(question), user(words), calls("verify_birthday", birthday=date))


def _fills_in(section: _Section, question: str, form: dict[str, Any], dice: random.Random) -> Scene:
    words, form[section.name] = dice.choice(section.answers)
    return scene(
        f"get_{section.name}",
        says(question),
        user(words),
        calls(f"record_{section.name}", **{section.name: form[section.name]}),
    )


def _reads_back(form: Mapping[str, Any], version: str) -> Step:
    prescriptions, allergies, conditions = (
        " and ".join(form[section]) or "none" for section in ("prescriptions", "allergies", "conditions")
    )
    reason = form["visit_reason"]
    if version == "42":
        return says(f"So you take {prescriptions}, and you come because of {reason}. Is that correct?")
    return says(
        "Before I send this to the clinic, I will read back every item that I have recorded, so please listen "
        "carefully and tell me at the end whether each of them is correct and complete. "
        f"Under prescriptions, including the dosage of each, I have recorded the following: {prescriptions}. "
        f"Under known allergies and intolerances, I have recorded the following: {allergies}. "
        f"Under chronic and acute medical conditions, I have recorded the following: {conditions}. "
        f"Under reason for the visit, I have recorded the following: {reason}. Is all of this correct?"
    )
