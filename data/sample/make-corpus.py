#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the corpus of the sample model: small stories from a probabilistic grammar.

Every story first draws its facts (who, what, where, how many) and then tells
them, so that names, pronouns, owners, colours, routes and sums agree from the
first sentence to the last.  The output depends on the seeds alone.

    make-corpus.py OUTDIR [--train-megabytes N]

writes OUTDIR/train.txt (documents divided by form feeds), and
OUTDIR/calibration.txt and OUTDIR/evaluation.txt (plain text, stories divided
by blank lines).  No story of one file occurs in another.
"""
import argparse
import hashlib
import os
import random

GIRLS = """Mira Anna Clara Della Edith Fern Greta Hazel Iris Joan Kitty Lena Mabel Nora Olive
Polly Rosa Sally Tilda Una Vera Wendy Yara Zoe""".split()
BOYS = """Tom Adam Ben Carl David Felix George Harry Ivan Jack Karl Leo Martin Ned Oscar Peter
Ralph Sam Theo Victor Walter Hugo Jonas Luke""".split()
TOWNS = """Alderby Brackwell Thornton Millford Stoneby Oakwell Fenton Winford Harby Langwell Ashton
Eastford Westby Marwell Norton Sandford""".split()
COLOURS = "red blue green yellow white black brown purple orange silver grey pink".split()
SIZES = "small big tiny large little old new".split()
THINGS = """kite lantern whistle drum ball umbrella scarf basket bucket compass mirror spoon bell
ribbon notebook clock teapot mug purse hat ring puppet flute blanket candle hammer cap kettle
cup coat boat top comb fan rope""".split()
PLACES = [("by", "the mill"), ("under", "the bridge"), ("beside", "the well"), ("behind", "the church"),
          ("at", "the market"), ("at", "the harbour"), ("in", "the orchard"), ("outside", "the school"),
          ("under", "the oak tree"), ("in", "the library"), ("at", "the station"), ("near", "the lighthouse"),
          ("behind", "the barn"), ("near", "the forge"), ("by", "the pond"), ("outside", "the bakery"),
          ("on", "the hill"), ("in", "the meadow"), ("by", "the river"), ("at", "the inn"),
          ("in", "the garden"), ("near", "the tower"), ("at", "the crossroads"), ("on", "the beach")]
COUNTED = [("apple", "apples"), ("pear", "pears"), ("plum", "plums"), ("egg", "eggs"), ("button", "buttons"),
           ("marble", "marbles"), ("shell", "shells"), ("stone", "stones"), ("bead", "beads"),
           ("stamp", "stamps"), ("acorn", "acorns"), ("carrot", "carrots"), ("onion", "onions"),
           ("cherry", "cherries"), ("bun", "buns"), ("biscuit", "biscuits"), ("walnut", "walnuts"),
           ("feather", "feathers"), ("potato", "potatoes"), ("lemon", "lemons")]
JOBS = """baker miller teacher sailor farmer gardener painter carpenter tailor blacksmith doctor
fisher potter weaver clockmaker shepherd cook postman librarian""".split()
PETS = [("dog", "barked"), ("cat", "purred"), ("goat", "bleated"), ("duck", "quacked"), ("pony", "neighed"),
        ("parrot", "squawked"), ("donkey", "brayed"), ("goose", "honked")]
PETNAMES = "Biscuit Pepper Button Shadow Tinker Bramble Clover Patch Ginger Smoky Nutmeg Pebble".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
ONES = """no one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen""".split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
WEATHER = [  # noun phrase, what it did, adjective of the day, what people then do
    ("rain", "it rained", "wet"), ("snow", "it snowed", "snowy"), ("sun", "the sun shone", "sunny"),
    ("wind", "the wind blew", "windy"), ("fog", "fog lay over the fields", "foggy"),
    ("frost", "there was frost on the ground", "frosty"), ("thunder", "there was thunder", "stormy")]


def cap(s):
    return s[0].upper() + s[1:]


def a(s):
    return ("an " if s[0].lower() in "aeiou" else "a ") + s


def join(items):
    items = list(items)
    if len(items) == 1:
        return items[0]
    return ", ".join(items[:-1]) + " and " + items[-1]


def word(n):
    if n < 20:
        return ONES[n]
    return TENS[n // 10] + ("-" + ONES[n % 10] if n % 10 else "")


class Person:
    def __init__(self, name, girl):
        self.name = name
        self.girl = girl
        self.sub, self.obj, self.pos, self.self = (
            ("she", "her", "her", "herself") if girl else ("he", "him", "his", "himself"))
        self.Sub, self.Pos = cap(self.sub), cap(self.pos)
        self.child = "girl" if girl else "boy"

    def __str__(self):
        return self.name

    @property
    def s(self):
        return self.name + ("'" if self.name.endswith("s") else "'s")


class Story:
    """The facts that one story has drawn, and the ways to speak of them."""

    def __init__(self, rng):
        self.r = rng
        self.digits = rng.random() < 0.4
        self.town = rng.choice(TOWNS)
        self.used_places = []
        self.people = []
        self.colours = rng.sample(COLOURS, len(COLOURS))
        self.things = rng.sample(THINGS, len(THINGS))
        self.kin = None

    def c(self, *options):
        return self.r.choice(options)

    def maybe(self, p, text):
        return [text] if self.r.random() < p else []

    def person(self, girl=None):
        if girl is None:
            girl = self.r.random() < 0.5
        taken = {p.name for p in self.people}
        while True:
            name = self.r.choice(GIRLS if girl else BOYS)
            if name not in taken and not any(name[:2] == t[:2] for t in taken):
                break
        p = Person(name, girl)
        self.people.append(p)
        return p

    def pair(self):
        """Two people of different pronouns, so that 'he' and 'she' resolve."""
        g = self.r.random() < 0.5
        return self.person(g), self.person(not g)

    def place(self):
        while True:
            p = self.r.choice(PLACES)
            if p not in self.used_places:
                self.used_places.append(p)
                return p

    def thing(self):
        noun, colour = self.things.pop(), self.colours.pop()
        size = self.r.choice(SIZES) if self.r.random() < 0.4 else None
        return Thing(noun, colour, size)

    def n(self, k):
        return str(k) if self.digits and k > 0 else word(k)

    def count(self, k, noun):
        return self.n(k) + " " + (noun[0] if k == 1 else noun[1])

    def coins(self, k):
        return self.count(k, ("coin", "coins"))

    def say(self, who, text, to=None):
        """One spoken sentence with its speaker; text ends with . ? or !"""
        mark = text[-1]
        verb = {"?": "asked", "!": "cried", ".": "said"}[mark]
        inner = text[:-1] + "," if mark == "." else text
        pick = self.r.random()
        if to is not None and pick < 0.25:
            if mark == "?":
                return f'"{inner}" {who} asked {to}.'
            if mark == ".":
                return f'"{inner}" {who} told {to}.'
        if pick < 0.7:
            return f'"{inner}" {verb} {who}.'
        return f'{who} {verb}, "{text}"'

    def friend(self):
        return self.c("friend", "neighbour", "cousin")

    # Sentences that any story may begin or end with.

    def when(self):
        return self.c("One morning", "One afternoon", "One day", "One evening", "Early one morning",
                      "Last spring", "Last summer", "Last autumn", "Last winter",
                      f"One {self.c(*WEATHER)[2]} day", f"On {a(self.c(*WEATHER)[2])} {self.c(*DAYS)}",
                      f"On the {self.c('first', 'second', 'third', 'last')} {self.c(*DAYS)} of {self.c(*MONTHS)}")

    def intro(self, p):
        job = self.r.choice(JOBS)
        near = self.place() if self.r.random() < 0.3 else None
        where = f"in {self.town}" + (f", not far from {near[1]}," if near else "")
        p.job = None
        end = where.rstrip(",")
        pick = self.r.random()
        if pick < 0.3:
            p.job = job
            return self.c(f"{p} was a {job} who lived {end}.", f"{p} lived {where} and worked as a {job}.",
                          f"There was once a {job} {end}, and {p.pos} name was {p}.")
        if pick < 0.6:
            age = self.r.randint(6, 13)
            p.age = age
            return self.c(f"{p} was {self.n(age)} years old and lived {end}.",
                          f"There was once a {p.child} called {p}, who lived {end}.",
                          f"A {p.child} named {p} lived {end}.")
        return self.c(f"{p} lived {end}.", f"{p} lived with {p.pos} {self.kinsman(p)} {end}.",
                      f"{p} had a house {end}.")

    def kinsman(self, p):
        k = self.person()
        rel = self.c("grandmother", "aunt", "sister", "mother") if k.girl else \
            self.c("grandfather", "uncle", "brother", "father")
        self.kin = (p, rel, k)
        return f"{rel} {k}"

    def end(self, p, gist=None, away=True):
        """gist: a noun phrase for what the story was about; away: p was not at home."""
        out = []
        if gist and self.r.random() < 0.5:
            if self.kin and self.kin[0] is p:
                _, rel, k = self.kin
                listener = self.c(f"{p.pos} {rel}", f"{k}", f"{p.pos} {rel} {k}")
            else:
                listener = f"{p.pos} {self.kinsman(p)}"
            out.append(self.c(f"That evening {p} told {listener} about {gist}.",
                              f"When {p} got home, {p.sub} told {listener} about {gist}." if away else
                              f"Later {p} told {listener} about {gist}.",
                              f"The next day {p} wrote to {listener} about {gist}."))
        elif self.r.random() < 0.5:
            out.append(self.c(f"{p} went home to {self.town} with a smile." if away else f"{p} smiled.", f"{p} was happy.",
                              f"{p} was tired, but {p.sub} slept well that night.",
                              f"It had been a good day for {p}.", f"{p} never forgot that day.",
                              f"And that was how the day ended in {self.town}."))
        return out


class Thing:
    def __init__(self, noun, colour, size):
        self.noun, self.colour, self.size = noun, colour, size
        self.full = (size + " " if size else "") + colour + " " + noun
        self.short = colour + " " + noun

    def __str__(self):
        return self.full


# The stories.  Each takes a Story and returns its paragraphs, lists of sentences.

def lost(s):
    p, q = s.pair()
    t = s.thing()
    prep, pl = s.place()
    one = [s.intro(p), s.c(f"{p.Sub} had {a(t.full)}.", f"{p.Sub} owned {a(t.full)}, and {p.sub} was proud of it.",
                           f"For {p.pos} birthday {p.sub} had been given {a(t.full)}.")]
    one.append(f"{s.when()} {p.sub} " + s.c(f"lost the {t.noun} {prep} {pl}.", f"dropped the {t.noun} {prep} {pl} and did not notice.",
                                             f"left the {t.noun} {prep} {pl} by mistake."))
    two = []
    tries = [s.place() for _ in range(s.r.randint(1, 3))]
    for i, (pr, x) in enumerate(tries):
        lead = ["First", "Then", "After that"][i]
        two.append(s.c(f"{lead} {p} looked {pr} {x}, but the {t.noun} was not there.",
                       f"{lead} {p.sub} searched {pr} {x}, but {p.sub} did not find it."))
    friend = s.friend()
    three = [s.c(f"{p.Pos} {friend} {q} was walking home when {q.sub} saw something {t.colour} {prep} {pl}.",
                 f"Later {p.pos} {friend} {q} came past and saw something {t.colour} {prep} {pl}.",
                 f"That same day {q}, {p.pos} {friend}, found {a(t.short)} {prep} {pl}.")]
    if s.r.random() < 0.7:
        three += [s.say(q, f"Is this your {t.noun}, {p}?"),
                  s.say(p, s.c(f"Yes, that is my {t.short}!", f"Yes, it is mine!", f"That is the {t.noun} that I lost!"))]
        three += s.maybe(.5, s.say(q, s.c(f"I found it {prep} {pl}.", f"It was {prep} {pl}."), p))
    else:
        three.append(f"{q} gave the {t.noun} back to {p}, and {p.sub} thanked {q.obj}.")
    three += s.end(p, f"the {t.short} that {p.sub} had lost {prep} {pl}")
    return [one, two, three]


def sums(s):
    p, q = s.pair()
    noun = s.c(*COUNTED)
    have = s.r.randint(5, 20)
    start = have
    pr, pl = s.place()
    one = [s.intro(p), s.c(f"{s.when()} {p.sub} had {s.count(have, noun)} in {a(s.c('basket', 'bag', 'box', 'bowl', 'jar'))}.",
                           f"{s.when()} {p.sub} gathered {s.count(have, noun)} {pr} {pl}.",
                           f"{s.when()} {p.sub} counted {p.pos} {noun[1]} and found that {p.sub} had {s.n(have)}.")]
    two = [s.c(f"Then {p.pos} {s.friend()} {q} came by.", f"{p.Pos} {s.friend()} {q} was there too.")]
    for i in range(s.r.randint(1, 3)):
        k = s.r.randint(1, 6)
        if s.r.random() < 0.6 and have - k >= 1:
            have -= k
            rest = f"{s.n(have)} {'was' if have == 1 else 'were'} left"
            two.append(s.c(f"{p.Sub} gave {s.n(k)} to {q}, so {rest}.",
                           f"{p} lost {s.n(k)} {s.c('on the road', 'on the way home')}, and {rest}.",
                           f"{p} gave {q} {s.count(k, noun)}. Now {p.sub} had {s.n(have)}."))
        else:
            have += k
            two.append(s.c(f"Then {p.sub} found {s.n(k)} more, so {p.sub} had {s.n(have)}.",
                           f"{q} gave {p.obj} {s.n(k)} more, which made {s.n(have)}.",
                           f"{p.Sub} bought {s.n(k)} more. That made {s.n(have)} in all."))
    three = []
    if s.r.random() < 0.75:
        three.append(s.say(q, s.c(f"How many {noun[1]} do you have now?", f"How many {noun[1]} are there now?"), p))
        three.append(s.say(p, s.c(f"I have {s.count(have, noun)}.", f"I had {s.n(start)} at first, and now I have {s.n(have)}."), q))
    else:
        three.append(f"At the end of the day {p} had {s.count(have, noun)}.")
    three += s.end(p, f"the {s.count(have, noun)}" if have > 1 else f"the last {noun[0]}")
    return [one, two + three]


def shopping(s):
    p = s.person()
    seller = s.person(not p.girl)
    purse = s.r.randint(12, 40)
    left = purse
    job = s.c(*JOBS)
    one = [s.intro(p), f"{s.when()} {p.sub} went to the market in {s.town} with {s.coins(purse)} in {p.pos} {s.c('purse', 'pocket', 'bag')}."]
    two = []
    bought = []
    for i in range(s.r.randint(1, 3)):
        price = s.r.randint(1, 9)
        if price >= left:
            break
        t = s.thing()
        left -= price
        bought.append(t)
        stall = s.c("At the next stall", "A little later", "Then") if i else s.c("At the first stall", "Near the gate", "First")
        two.append(s.c(f"{stall} {p.sub} bought {a(t.full)} for {s.coins(price)}.",
                       f"{stall} {p.sub} saw {a(t.full)} and paid {s.coins(price)} for it."))
        two += s.maybe(.6, s.c(f"Now {p.sub} had {s.coins(left)} left.", f"That left {p.obj} with {s.coins(left)}.", f"{cap(s.n(left)) if not s.digits else p.Sub + ' had ' + s.n(left)} {'coin' if left == 1 else 'coins'} {'remained' if not s.digits else 'left'}."))
    t = s.r.choice(bought)
    things = join(a(b.short) for b in bought)
    ask, answer = s.c(("Have you bought everything that you wanted?", f"Yes, I have {things}."),
                      ("What did you buy today?", f"I bought {things}."))
    three = [f"On the way out {p.sub} met {seller} the {job}.", s.say(seller, ask, p), s.say(p, answer, seller)]
    three += s.maybe(.6, f"{p} still had {s.coins(left)} when {p.sub} came home.")
    three += s.maybe(.5, f"{p.Sub} put the {t.short} {s.c('on the table', 'on the shelf', 'by the window', 'near the door')}.")
    three += s.end(p, f"the {t.short}")
    return [one, two, three]


def journey(s):
    p = s.person()
    stops = [s.place()[1] for _ in range(s.r.randint(2, 4))]
    goal = s.c(*[t for t in TOWNS if t != s.town])
    how, went = s.c(("on foot", "walked"), ("by cart", "rode"), ("on a bicycle", "rode"), ("on a pony", "rode"))
    t = s.thing()
    q = s.person(not p.girl)
    one = [s.intro(p), f"{s.when()} {p.sub} set out for {goal} {how}, because {p.sub} had to take {a(t.full)} to {q}."]
    leads = ["First", "Then", "After that", "Last of all"]
    two = [f"{leads[i]} {p.sub} {s.c('passed', went + ' past', 'came to')} {x}." for i, x in enumerate(stops)]
    two.append(f"At {s.c('noon', 'midday', 'last', 'sunset')} {p.sub} reached {goal}.")
    three = [s.c(f"{q} was waiting at the {s.c('door', 'gate', 'window')}."),
             s.say(q, s.c(f"Have you brought the {t.noun}?", f"Do you have my {t.noun}?")),
             s.say(p, s.c(f"Yes, here is your {t.short}.", f"Here it is, all the way from {s.town}."), q)]
    three += s.maybe(.5, f"{q} took the {t.noun} and gave {p} {s.c('some bread', 'a cup of tea', 'a bowl of soup', 'some cake')}.")
    four = [f"On the way home {p} {went} back by the same road, past {join(reversed(stops))}."] if s.r.random() < .7 else \
        [f"The way home to {s.town} led past {join(reversed(stops))} again."]
    four += s.end(p, f"the road from {s.town} to {goal}")
    return [one, two, three, four]


def swap(s):
    p, q = s.pair()
    t, u = s.thing(), s.thing()
    one = [s.intro(p), f"{p.Sub} had {a(t.full)}.", f"{p.Pos} {s.friend()} {q} had {a(u.full)}."]
    pr, pl = s.place()
    two = [f"{s.when()} they met {pr} {pl}.",
           s.say(q, s.c(f"I like your {t.noun}. Will you swap it for my {u.noun}?", f"Will you give me your {t.noun} for my {u.noun}?")),
           s.say(p, s.c("Yes, with pleasure.", f"Yes, I have always wanted {a(u.short)}.", "That is a fair swap.")),
           s.c(f"So {p} took the {u.short}, and {q} took the {t.short}.", f"So {p} gave {q} the {t.short} and got the {u.short}.")]
    owner = {t: q, u: p}
    three = []
    pick = s.r.random()
    if pick < .35:
        x = s.person()
        v = s.thing()
        three.append(f"The next day {p} met {x}, who had {a(v.full)}.")
        three.append(f"{p} gave {x} the {u.noun} for the {v.noun}.")
        three.append(f"In the end {p} had the {v.short}, {q} had the {t.short} and {x} had the {u.short}.")
    elif pick < .6:
        three.append(f"A week later {s.c('they changed their minds', 'both of them were sorry')}, and they swapped back.")
        three.append(f"So {p} had the {t.short} again, and {q} had the {u.short}.")
    else:
        three.append(f"Now {s.c(f'{p} has the {u.short} and {q} has the {t.short}', f'the {t.short} belongs to {q} and the {u.short} belongs to {p}')}.")
    three += s.end(p, f"the {t.short} and the {u.short}")
    return [one, two, three]


def weather(s):
    p, q = s.pair()
    first = s.r.randint(0, 6)
    k = s.r.randint(3, 5)
    days = [DAYS[(first + i) % 7] for i in range(k)]
    kinds = [s.c(*WEATHER) for _ in days]
    one = [s.intro(p), f"{p.Sub} kept a notebook in which {p.sub} wrote down the weather of {s.town}."]
    two = []
    act = {"wet": ["stayed indoors", "read a book", "took an umbrella"], "snowy": ["built a snowman", "cleared the path"],
           "sunny": ["worked in the garden", "sat outside", "swam in the river"], "windy": ["flew a kite", "mended the roof"],
           "foggy": ["lit the lamp", "stayed at home"], "frosty": ["put on a thick coat", "lit the fire"],
           "stormy": ["closed the windows", "stayed indoors"]}
    for d, w in zip(days, kinds):
        two.append(s.c(f"On {d} {w[1]}, so {p} {s.c(*act[w[2]])}.", f"On {d} {w[1]}, and {p.sub} {s.c(*act[w[2]])}.",
                       f"{d} was {w[2]}, so {p.sub} {s.c(*act[w[2]])}."))
    i = s.r.randrange(k)
    three = [f"A week later {p.pos} {s.friend()} {q} came to see {p.obj}.", s.say(q, f"What was the weather like on {days[i]}?", p), s.say(p, f"It was {kinds[i][2]} on {days[i]}.", q)]
    if s.r.random() < .6:
        w = s.r.choice(kinds)
        same = [d for d, x in zip(days, kinds) if x is w]
        three.append(s.c(f"The notebook said that it had been {w[2]} on {join(same)}.",
                         f"The {w[2]} {'day was' if len(same) == 1 else 'days were'} {join(same)}."))
    three += s.end(p, f"the weather on {days[i]}", away=False)
    return [one, two, three]


def letter(s):
    p, q = s.pair()
    host = s.person()
    rel = s.c("aunt", "grandmother") if host.girl else s.c("uncle", "grandfather")
    pr, pl = s.place()
    away = s.c(*[t for t in TOWNS if t != s.town])
    t = s.thing()
    pet, noise = s.c(*PETS)
    petname = s.c(*PETNAMES)
    nights = s.r.randint(2, 9)
    day = s.c(*DAYS)
    one = [f"Dear {q},"]
    two = [s.c(f"I am staying with my {rel} {host} in {away}.", f"This week I am in {away} with my {rel} {host}."),
           s.c(f"{host.Pos} house is {pr} {pl}.", f"We live {pr} {pl}."),
           f"{host.Sub} has a {pet} called {petname}."]
    two += s.maybe(.6, s.c(f"{petname} {noise} when I came.", f"Every morning {petname} waits for me at the gate."))
    two += [s.c(f"Yesterday {host.sub} gave me {a(t.full)}.", f"On the first day my {rel} bought me {a(t.full)}.")]
    two += [s.c(f"I shall stay here for {s.count(nights, ('night', 'nights'))} and come home on {day}.",
                f"I shall be back in {s.town} on {day}.")]
    two += s.maybe(.5, f"Then I shall show you the {t.noun}.")
    sign = s.c("Your friend,", "With love,", "Yours,")
    out = [one, two, [sign + " " + p.name]]
    if s.r.random() < .7:
        out += [[f"Dear {p},"],
                [s.c(f"Thank you for your letter from {away}.", f"I was glad to have your letter."),
                 s.c(f"I should like to see the {t.short}.", f"Please take care of the {t.short}.", f"How kind of your {rel} to give you {a(t.short)}!"),
                 s.c(f"Say hello to {host} and to {petname} the {pet}.", f"Does {petname} the {pet} still sleep {pr} {pl}?"),
                 s.c(f"I shall wait for you at the station on {day}.", f"On {day} I shall come to meet you.")],
                [sign + " " + q.name]]
    return out


def boxes(s):
    p, q = s.pair()
    k = s.r.randint(2, 3)
    holder = s.c("box", "bag", "drawer", "jar", "chest")
    cols = [s.colours.pop() for _ in range(k)]
    items = [s.things.pop() for _ in range(k)]
    where = dict(zip(cols, items))
    one = [s.intro(p), f"In {p.pos} room there were {s.n(k)} {holder + 'es' if holder == 'box' else holder + 's'}: "
           + join(a(f"{c} {holder}" if i == 0 else f"{c} one") for i, c in enumerate(cols)) + "."]
    one.append(cap(join(f"{a(items[i])} was in the {c} {holder}" for i, c in enumerate(cols))) + ".")
    two = []
    if s.r.random() < .6:
        c1, c2 = s.r.sample(cols, 2)
        where[c1], where[c2] = where[c2], where[c1]
        two.append(f"{s.when()} {q} {s.c('came to play', 'came for a visit', 'wanted to play a trick')} and moved things about.")
        two.append(f"{q.Sub} put the {where[c1]} in the {c1} {holder} and the {where[c2]} in the {c2} {holder}.")
    else:
        two.append(f"{s.when()} {q} came for a visit and looked at them.")
    for c in s.r.sample(cols, s.r.randint(1, k)):
        asker, other = (p, q) if s.r.random() < .5 else (q, p)
        if s.r.random() < .5:
            two += [s.say(asker, f"What is in the {c} {holder}?"), s.say(other, s.c(f"The {where[c]} is in the {c} {holder}.", f"There is {a(where[c])} in it."))]
        else:
            two += [s.say(asker, f"Where is the {where[c]}?"), s.say(other, s.c(f"It is in the {c} {holder}.", f"The {where[c]} is in the {c} {holder}."))]
    two += s.end(p, f"the {s.r.choice(cols)} {holder}", away=False)
    return [one, two]


def ages(s):
    p, q = s.pair()
    x = s.r.randint(5, 30)
    d = s.r.randint(1, 9)
    later = s.r.randint(1, 10)
    older = s.r.random() < .5
    y = x + d if older else max(1, x - d)
    d = abs(y - x)
    rel = s.c("sister", "cousin") if q.girl else s.c("brother", "cousin")
    yr = ("year", "years")
    one = [f"{p} lived in {s.town} and was {s.count(x, yr)} old.",
           f"{p.Pos} {rel} {q} was {s.count(d, yr)} {'older' if y > x else 'younger'}, so {q.sub} was {s.n(y)}."]
    two = [s.say(p, f"How old shall we be in {s.count(later, yr)}?", q),
           s.say(q, f"You will be {s.n(x + later)}, and I shall be {s.n(y + later)}.", p)]
    two += s.maybe(.5, s.say(p, f"Then you will still be {s.count(d, yr)} {'older' if y > x else 'younger'} than I am."))
    three = []
    if s.r.random() < .6:
        t = s.thing()
        three.append(f"On {p.pos} birthday, when {p} became {s.n(x + 1)}, {q} gave {p.obj} {a(t.full)}.")
        three += s.end(p, f"the {t.short} that {q} had given {p.obj}")
    else:
        three.append(f"{cap(f'{p} was the older of the two' if x > y else f'{q} was the older of the two')}.")
    return [one, two, three]


def ladder(s):
    ps = [s.person() for _ in range(3)]
    adj, er, est, low = s.c(("tall", "taller", "tallest", "shortest"), ("strong", "stronger", "strongest", "weakest"),
                            ("fast", "faster", "fastest", "slowest"), ("old", "older", "oldest", "youngest"))
    x, y, z = ps
    pr, pl = s.place()
    one = [f"{s.when()} {join(str(i) for i in s.r.sample(ps, 3))} were playing {pr} {pl} in {s.town}.",
           s.say(s.r.choice(ps), f"Who is the {est}?")]
    facts = [f"{x} was {er} than {y}", f"{y} was {er} than {z}"]
    s.r.shuffle(facts)
    two = [f"{facts[0]}, and {facts[1]}.", s.c(f"So {x} was the {est}, and {z} was the {low}.",
                                               f"So {z} was the {low} of the three, and {x} was the {est}.")]
    t = s.thing()
    three = [f"{x} won {a(t.full)}, because {x.sub} was the {est}."] if s.r.random() < .6 else \
        [f"Nobody was {er} than {x}."]
    three += s.end(s.r.choice(ps), f"how {x} was {er} than {y} and {z}")
    return [one, two, three]


def baking(s):
    p, q = s.pair()
    what, plural = s.c(("cake", 0), ("pie", 0), ("loaf", 0), ("pudding", 0), ("tart", 0))
    items = s.r.sample([("egg", "eggs"), ("apple", "apples"), ("lemon", "lemons"), ("cup of flour", "cups of flour"),
                        ("spoon of sugar", "spoons of sugar"), ("pinch of salt", "pinches of salt"), ("cup of milk", "cups of milk"),
                        ("pear", "pears")], s.r.randint(2, 4))
    ks = [s.r.randint(1, 6) for _ in items]
    one = [s.intro(p), f"{s.when()} {p.sub} wanted to bake a {what} for {q}.",
           f"For one {what} {p.sub} needed {join(s.count(k, i) for k, i in zip(ks, items))}."]
    two = []
    if s.r.random() < .6:
        two.append(f"But {q} {s.c('was bringing a guest', 'was very hungry', 'asked for more')}, so {p} made two.")
        two.append(f"That took {join(s.count(2 * k, i) for k, i in zip(ks, items))}.")
    else:
        i = s.r.randrange(len(items))
        two.append(f"{p.Sub} had everything but the {items[i][1]}, so {p.sub} asked {q} for {s.count(ks[i], items[i])}.")
        two.append(s.say(q, f"Here {'is' if ks[i] == 1 else 'are'} {s.count(ks[i], items[i])}.", p))
    hour = s.r.randint(1, 9)
    dur = s.r.randint(1, 3)
    three = [f"The {what} went into the oven at {s.n(hour)} o'clock and was ready {s.count(dur, ('hour', 'hours'))} later, at {s.n(hour + dur)} o'clock."]
    three.append(s.say(q, s.c(f"This is the best {what} in {s.town}!", f"What a good {what}!")))
    three += s.end(p, f"the {what} that {p.sub} had baked for {q}", away=False)
    return [one, two, three]


def race(s):
    ps = [s.person() for _ in range(s.r.randint(3, 4))]
    (_, frm), (_, to) = s.place(), s.place()
    t = s.thing()
    order = s.r.sample(ps, len(ps))
    one = [f"{s.when()} there was a race in {s.town}, from {frm} to {to}.",
           f"The runners were {join(str(x) for x in ps)}, and the prize was {a(t.full)}."]
    names = ["first", "second", "third", "fourth"]
    two = []
    if s.r.random() < .6:
        lead = s.r.choice(ps)
        two.append(f"At the start {lead} was in front" + (", and nobody could catch " + lead.obj + "." if lead is order[0]
                   else f", but then {order[0]} ran past {lead.obj}."))
    two.append(f"{order[0]} came first, " + join([f"{x} came {names[i + 1]}" for i, x in enumerate(order[1:])]) + ".")
    w = order[0]
    three = [f"So {w} won the {t.noun}, and {w.sub} {s.c('held it up', 'was proud', 'laughed', 'took it home')}."]
    l = order[-1]
    i = s.r.randrange(1, len(order))
    three += s.maybe(.6, s.say(l, f"Next year I shall win!"))
    if s.r.random() < .6:
        three += [s.say(w, f"Who came {names[i]}?"), s.say(s.r.choice([o for o in order if o is not w]), f"{order[i]} came {names[i]}.")]
    three += s.end(w, f"the race from {frm} to {to}")
    return [one, two, three]


def timetable(s):
    p, q = s.pair()
    goal = s.c(*[t for t in TOWNS if t != s.town])
    what = s.c("train", "bus", "boat", "coach")
    dep = s.r.randint(5, 9)
    dur = s.r.randint(1, 3)
    hours = ("hour", "hours")
    one = [s.intro(p), f"{s.when()} {p.sub} wanted to visit {q} in {goal}.",
           f"The {what} to {goal} left at {s.n(dep)} o'clock, and the journey took {s.count(dur, hours)}."]
    late = s.r.randint(1, 12 - dep - dur) if dep + dur < 12 and s.r.random() < .4 else 0
    two = [s.say(p, f"When shall I be in {goal}?"), s.say(s.c("the driver", "the guard"), f"You will be there at {s.n(dep + dur)} o'clock.")]
    if late:
        two.append(f"But the {what} was {s.count(late, hours)} late, so {p} arrived at {s.n(dep + dur + late)} o'clock.")
    else:
        two.append(f"The {what} was on time, and at {s.n(dep + dur)} o'clock {p} arrived.")
    t = s.thing()
    three = [f"{q} was there to meet {p.obj}, in {a(s.c(*COLOURS))} coat." if t.noun != "coat" else f"{q} was there to meet {p.obj}."]
    three += [f"{p} had brought {q.obj} {a(t.full)}.", s.say(q, s.c(f"Thank you for the {t.noun}!", f"What a fine {t.noun}!", f"I have always wanted {a(t.short)}!"))]
    three += s.end(p, f"the {what} to {goal}")
    return [one, two, three]


def pet(s):
    p, q = s.pair()
    kind, noise = s.c(*PETS)
    name = s.c(*PETNAMES)
    col = s.c("black", "white", "brown", "grey")
    pr, pl = s.place()
    one = [s.intro(p), s.c(f"{p.Sub} had a {col} {kind} called {name}.", f"{p.Pos} {kind} was {col} and was called {name}.")]
    one.append(f"{s.when()} {name} ran away.")
    two = [f"{p} called, \"{name}! {name}!\" but no {kind} came."]
    for i, (pp, x) in enumerate([s.place() for _ in range(s.r.randint(1, 2))]):
        two.append(s.c(f"{p.Sub} looked {pp} {x}, but {name} was not there.", f"There was no {kind} {pp} {x}."))
    two += [f"Then {p.sub} met {q}, {p.pos} {s.friend()}.", s.say(p, f"Have you seen a {col} {kind}?", q),
            s.say(q, s.c(f"Yes, there is a {col} {kind} {pr} {pl}.", f"I saw one {pr} {pl}."), p)]
    three = [f"{p} ran to {pl}, and there was {name}.", f"The {kind} {noise} when it saw {p.obj}."]
    food = s.c("an apple", "some bread", "a carrot", "some cheese")
    three += s.maybe(.6, f"{p} gave {name} {food} and took the {kind} home.")
    three += s.end(p, f"how {name} the {kind} had hidden {pr} {pl}")
    return [one, two, three]


def keys(s):
    p, q = s.pair()
    k = 3
    cols = [s.colours.pop() for _ in range(k)]
    rooms = s.r.sample(["the kitchen", "the cellar", "the attic", "the study", "the tower", "the stable", "the workshop"], k)
    t = s.thing()
    i = s.r.randrange(k)
    one = [s.intro(p), f"In {p.pos} house there were three keys.",
           cap(join(f"the {c} key opened {r}" for c, r in zip(cols, rooms))) + "."]
    two = [f"{s.when()} {q} came to fetch {a(t.full)}, which was in {rooms[i]}.",
           s.say(q, f"Which key do I need?"), s.say(p, f"You need the {cols[i]} key, because the {t.noun} is in {rooms[i]}.", q)]
    j = s.r.choice([x for x in range(k) if x != i])
    if s.r.random() < .5:
        two.append(f"By mistake {q} took the {cols[j]} key, which opened only {rooms[j]}, so {q.sub} had to come back for the {cols[i]} one.")
    two.append(f"{q} opened {rooms[i]} with the {cols[i]} key and found the {t.noun}.")
    three = s.end(q, f"the {t.short} in {rooms[i]}")
    return [one, two] + ([three] if three else [])


def rows(s):
    p, q = s.pair()
    r, c = s.r.randint(2, 6), s.r.randint(2, 9)
    plant = s.c(("cabbage", "cabbages"), ("tulip", "tulips"), ("bean", "beans"), ("rose", "roses"), ("carrot", "carrots"), ("onion", "onions"), ("leek", "leeks"))
    tot = r * c
    gone = s.r.randint(1, min(9, tot - 1))
    one = [s.intro(p), f"{s.when()} {p.sub} planted {s.count(r, ('row', 'rows'))} of {plant[1]}, with {s.count(c, plant)} in each row."]
    two = [s.say(q, f"How many {plant[1]} is that?"), s.say(p, f"{s.n(r).capitalize()} times {s.n(c)} is {s.n(tot)}.", q)]
    beast = s.c("rabbit", "goat", "snail", "deer")
    three = []
    if s.r.random() < .7:
        three.append(f"In the night a {beast} came and ate {s.n(gone)}, so {s.n(tot - gone)} {'was' if tot - gone == 1 else 'were'} left.")
        three.append(s.c(f"{p} built a fence, and the {beast} never came back.", f"{q} helped {p} to build a fence against the {beast}."))
    three += s.end(p, f"the {plant[1]}", away=False)
    return [one, two] + ([three] if three else [])


def errands(s):
    p = s.person()
    k = s.r.randint(2, 3)
    who = [s.person() for _ in range(k)]
    what = [s.thing() for _ in range(k)]
    where = [s.place() for _ in range(k)]
    one = [f"{p} was the {s.c('postman' if not p.girl else 'postwoman', 'messenger')} of {s.town}.",
           f"{s.when()} {p.sub} had {s.n(k)} parcels in {p.pos} bag: " +
           join(f"{a(t.full)} for {w}" for t, w in zip(what, who)) + "."]
    two = [cap(join(f"{w} lived {pr} {pl}" for w, (pr, pl) in zip(who, where))) + "."]
    order = s.r.sample(range(k), k)
    leads = ["First", "Next", "Last of all"]
    for n_, i in enumerate(order):
        pr, pl = where[i]
        lead = leads[n_] if n_ < k - 1 else "Last of all"
        two.append(f"{lead} {p} went to {pl} and gave {who[i]} the {what[i].noun}.")
        if s.r.random() < .4:
            two.append(s.say(who[i], s.c(f"Thank you for the {what[i].noun}, {p}.", f"What a fine {what[i].short}!", f"I have waited for this {what[i].noun} for {s.count(s.r.randint(2, 9), ('day', 'days'))}.")))
    i = s.r.randrange(k)
    three = [f"When {p.pos} bag was empty, {p} {s.c('went home', 'sat down to rest', 'had a cup of tea')}."]
    three += s.end(p, f"the {what[i].short} that {p.sub} had taken to {who[i]}")
    return [one, two, three]


def riddle(s):
    p, q = s.pair()
    x = s.person()
    t = s.thing()
    wrong = s.thing()
    hand = s.c("left", "right")
    other = "right" if hand == "left" else "left"
    one = [s.intro(p), f"{s.when()} {p.sub} hid {a(t.full)} behind {p.pos} back, and {q} and {x} had to guess what it was."]
    two = [s.say(q, f"Is it {a(wrong.noun)}?", p), s.say(p, f"No, it is not {a(wrong.noun)}.")]
    two += [s.say(x, "What colour is it?", p), s.say(p, f"It is {t.colour}.", x)]
    if s.r.random() < .5:
        two += [s.say(q, "Which hand is it in?", p), s.say(p, f"It is in my {hand} hand, and my {other} hand is empty.")]
    win = s.r.choice([q, x])
    two += [s.say(win, f"Then it is {a(t.short)}!"), s.say(p, f"Yes, {win}, it is {a(t.short)}.")]
    three = [f"{win} had won, so {p} gave {win.obj} the {t.noun}."] if s.r.random() < .6 else [f"So {win} won the game, and {(x if win is q else q)} did not."]
    three += s.end(win, f"the {t.short}")
    return [one, two, three]


def treasure(s):
    p, q = s.pair()
    k = s.r.randint(2, 3)
    turn = s.r.randint(0, 1)  # legs along and across by turns
    steps = [(s.r.randint(3, 40), s.c(*(("north", "south"), ("east", "west"))[(turn + i) % 2])) for i in range(k)]
    pr, pl = s.place()
    t = s.thing()
    paces = ("pace", "paces")
    path = join(f"{s.count(n, paces)} {d}" for n, d in steps)
    one = [s.intro(p), f"{s.when()} {p.sub} found an old map in {s.c('a book', 'a drawer', 'a bottle', 'the attic')}.",
           f"It said: start at {pl} and go {path}."]
    two = [f"{p} showed the map to {q}, and they went to {pl}."]
    for i, (n, d) in enumerate(steps):
        two.append(f"{['First', 'Then', 'After that'][i]} they went {s.count(n, paces)} {d}.")
    two.append(f"There they {s.c('dug', 'looked under a stone', 'opened a small door')} and found {a(t.full)}.")
    opp = {"north": "south", "south": "north", "east": "west", "west": "east"}
    three = [s.say(q, s.c("How do we get back?", f"Which way is {pl}?")),
             s.say(p, f"We must go {join(f'{s.count(n, paces)} {opp[d]}' for n, d in reversed(steps))}.")]
    three.append(s.c(f"{p} kept the {t.noun}, and {q} kept the map.", f"{q} was allowed to keep the {t.noun}, and {p} kept the map."))
    three += s.end(p, f"the {t.short} and the old map")
    return [one, two, three]


def memory(s):
    """Everybody has one thing somewhere, and the questions go back over it."""
    k = s.r.randint(2, 4)
    who = [s.person() for _ in range(k)]
    what = [s.thing() for _ in range(k)]
    where = [s.place() for _ in range(k)]
    one = [f"{s.when()} {join(str(w) for w in who)} played a memory game in {s.town}."] if s.r.random() < .6 else []
    one += [s.c(f"{w} had {a(t.short)} {pr} {pl}.", f"{w} was {pr} {pl} with {a(t.short)}.") for w, t, (pr, pl) in zip(who, what, where)]
    two = []
    for i in s.r.choices(range(k), k=s.r.randint(k, 2 * k)):
        w, t, (pr, pl) = who[i], what[i], where[i]
        two.append(s.c(f"Who had the {t.noun}? {w} had the {t.noun}.", f"What colour was the {t.noun}? The {t.noun} was {t.colour}.",
                       f"Where was {w}? {w} was {pr} {pl}.", f"What did {w} have? {w} had {a(t.short)}.",
                       f"Who was {pr} {pl}? {w} was {pr} {pl}.", f"Where was the {t.short}? The {t.short} was {pr} {pl}."))
    return [one, two]


STORIES = [lost, sums, shopping, journey, swap, weather, letter, boxes, ages, ladder, baking, race,
           timetable, pet, keys, rows, errands, riddle, treasure, memory, memory, memory]


def story(rng):
    teller = rng.choice(STORIES)
    paragraphs = teller(Story(rng))
    if teller is not letter and rng.random() < 0.5:  # some stories are told in one paragraph
        paragraphs = [[x for par in paragraphs for x in par]]
    return "\n".join(" ".join(cap(x) for x in par) for par in paragraphs if par)


def stories(seed, characters, taken):
    """Stories of about so many characters, none of them in taken, to which they are added."""
    rng = random.Random(seed)
    total = 0
    while total < characters:
        text = story(rng)
        key = hashlib.blake2b(text.encode(), digest_size=8).digest()
        if key in taken:
            continue
        taken.add(key)
        total += len(text) + 2
        yield text


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("outdir")
    ap.add_argument("--train-megabytes", type=float, default=60)
    args = ap.parse_args()
    os.makedirs(args.outdir, exist_ok=True)
    taken = set()
    for name, seed, size in (("evaluation.txt", 2, 130_000), ("calibration.txt", 1, 350_000)):
        with open(os.path.join(args.outdir, name), "w", encoding="utf-8", newline="\n") as f:
            f.write("\n\n".join(stories(seed, size, taken)) + "\n")
    rng = random.Random(3)
    with open(os.path.join(args.outdir, "train.txt"), "w", encoding="utf-8", newline="\n") as f:
        batch, want = [], rng.randint(1, 12)
        for text in stories(4, int(args.train_megabytes * 1e6), taken):
            batch.append(text)
            if len(batch) == want:
                f.write("\n\n".join(batch) + "\f")
                batch, want = [], rng.randint(1, 12)


if __name__ == "__main__":
    main()
