"""What the 80 classes of COCO are called in answers, and what is called like one and is none.

Classes are those of Lin et al. 2014 (1405.0312). The names are of our own choosing: common words
for a class and for its kinds. Words that mean a class only sometimes ("glass", "light", "stand")
are left out: an answer that is not understood costs less than one that is misunderstood.
"""

from __future__ import annotations

_KINDS = {
    "person": """people, man, men, woman, women, child, children, boy, girl, kid, baby, babies,
        toddler, infant, lady, guy, gentleman, gentlemen, adult, teenager, couple, crowd,
        pedestrian, passenger, cyclist, biker, rider, skier, snowboarder, skateboarder, surfer,
        tennis player, baseball player, soccer player, player, batter, pitcher, catcher, umpire,
        spectator, chef, waiter, policeman, policemen, police officer, fireman, firemen, soldier,
        worker, student, tourist, farmer, father, mother, son, daughter, bride, groom,
        businessman, businessmen, fisherman, fishermen, cowboy""",
    "bicycle": "bike, mountain bike, tandem bike, push bike",
    "car": """automobile, sedan, taxi, taxicab, cab, suv, minivan, hatchback, convertible, jeep,
        sports car, police car, limousine, limo, station wagon""",
    "motorcycle": "motorbike, motor bike, moped, scooter, motor scooter, dirt bike, vespa",
    "airplane": """plane, aeroplane, aircraft, jet, airliner, jetliner, jumbo jet, jet plane,
        fighter jet, biplane, seaplane""",
    "bus": "buses, double decker, double decker bus, school bus, tour bus, city bus, minibus",
    "train": """locomotive, steam train, passenger train, freight train, tram, streetcar, trolley
        car, subway train, steam engine, monorail""",
    "truck": """lorry, pickup, pickup truck, pick up truck, fire truck, firetruck, fire engine,
        dump truck, garbage truck, tow truck, semi truck, food truck, 18 wheeler""",
    "boat": """ship, sailboat, sail boat, rowboat, row boat, canoe, kayak, yacht, ferry, motorboat,
        speedboat, fishing boat, dinghy, gondola, barge, cruise ship, tugboat, catamaran, raft""",
    "traffic light": "traffic signal, stoplight, stop light, traffic lamp, street signal light",
    "fire hydrant": "hydrant, fireplug, fire plug",
    "stop sign": "stopsign, red stop sign",
    "parking meter": "parking metre, parking ticket machine",
    "bench": "park bench, wooden bench",
    "bird": """pigeon, seagull, gull, duck, goose, geese, duckling, swan, parrot, owl, eagle, hawk,
        crow, raven, sparrow, robin, pelican, heron, egret, ostrich, flamingo, peacock, chick,
        rooster, hen, hummingbird, woodpecker, parakeet, cockatoo, stork, finch, penguin, turkey
        bird, dove, falcon, vulture""",
    "cat": "kitten, kitty, tabby, tabby cat, feline, tomcat, house cat",
    "dog": """puppy, pup, doggy, doggie, canine, hound, poodle, labrador, retriever, golden
        retriever, german shepherd, bulldog, terrier, dachshund, corgi, husky, beagle, collie,
        chihuahua, pug, sheepdog, sheep dog, dalmatian, rottweiler""",
    "horse": "pony, foal, colt, stallion, mare, racehorse, race horse",
    "sheep": "lamb, ram, ewe, flock of sheep",
    "cow": "cattle, bull, calf, calves, ox, oxen, steer, heifer, dairy cow, longhorn",
    "elephant": "baby elephant, elephant calf, elephant calves",
    "bear": """grizzly, grizzly bear, polar bear, black bear, brown bear, bear cub, panda, panda
        bear""",
    "zebra": "baby zebra",
    "giraffe": "baby giraffe",
    "backpack": "rucksack, knapsack, back pack",
    "umbrella": "parasol, beach umbrella",
    "handbag": "purse, hand bag, pocketbook, shoulder bag, tote bag, clutch bag",
    "tie": "necktie, neck tie, bow tie, bowtie",
    "suitcase": "luggage, suit case, trunk case, carry on bag",
    "frisbee": "flying disc, flying disk, frisbee disc",
    "skis": "ski, pair of skis",
    "snowboard": "snow board",
    "sports ball": """ball, soccer ball, tennis ball, baseball ball, basketball, volleyball, beach
        ball, rugby ball""",
    "kite": "parasail kite, stunt kite",
    "baseball bat": "bat, baseball bats",
    "baseball glove": "baseball mitt, catcher's mitt, catchers mitt, fielder's glove",
    "skateboard": "skate board, longboard",
    "surfboard": "surf board, boogie board, bodyboard",
    "tennis racket": "racket, racquet, tennis racquet, badminton racket",
    "bottle": "wine bottle, beer bottle, water bottle, plastic bottle, glass bottle",
    "wine glass": "wineglass, wine goblet, champagne glass, champagne flute, glass of wine",
    "cup": """mug, coffee cup, teacup, tea cup, coffee mug, paper cup, plastic cup, cup of coffee,
        cup of tea""",
    "fork": "dinner fork, plastic fork",
    "knife": "knives, butter knife, steak knife, kitchen knife, butter knives",
    "spoon": "teaspoon, tablespoon, wooden spoon, soup spoon",
    "bowl": "soup bowl, salad bowl, mixing bowl",
    "banana": "plantain, bunch of bananas",
    "apple": "green apple, red apple",
    "sandwich": """burger, hamburger, cheeseburger, sub sandwich, club sandwich, panini, hoagie,
        grilled cheese, blt""",
    "orange": "orange fruit, tangerine, clementine, mandarin orange, mandarin",
    "broccoli": "broccoli floret, head of broccoli",
    "carrot": "baby carrot",
    "hot dog": "hotdog, frankfurter, corn dog, corndog, chili dog, bratwurst",
    "pizza": "slice of pizza, pizza pie, pizza slice",
    "donut": "doughnut, donut hole, glazed donut",
    "cake": """birthday cake, wedding cake, cupcake, cup cake, cheesecake, chocolate cake, layer
        cake, slice of cake""",
    "chair": "armchair, arm chair, rocking chair, office chair, high chair, lawn chair, stool",
    "couch": "couches, sofa, loveseat, love seat, settee, futon",
    "potted plant": "houseplant, house plant, pot plant, plant pot, flower pot, flowerpot, bonsai",
    "bed": "bunk bed, twin bed, double bed, hospital bed",
    "dining table": "table, kitchen table, dinner table, coffee table, picnic table, wooden table",
    "toilet": "commode, urinal, toilet bowl, toilet seat",
    "tv": """television, tv set, tv screen, television set, flat screen, flat screen tv, monitor,
        computer monitor, computer screen""",
    "laptop": "laptop computer, notebook computer, macbook",
    "mouse": "computer mouse, wireless mouse, computer mice",
    "remote": "remote control, tv remote, game controller, wii remote, wii controller, wiimote",
    "keyboard": "computer keyboard",
    "cell phone": """cellphone, mobile phone, smartphone, smart phone, phone, iphone, telephone,
        mobile, cell""",
    "microwave": "microwave oven, microwaves",
    "oven": "stove, stove top, stovetop, stove oven, range oven, cooker",
    "toaster": "toaster oven, bread toaster",
    "sink": "kitchen sink, bathroom sink, washbasin, wash basin",
    "refrigerator": "fridge, freezer, refrigerator freezer",
    "book": "textbook, notebook, novel, cookbook, hardcover, paperback",
    "clock": "clock face, alarm clock, wall clock, grandfather clock, clock tower",
    "vase": "flower vase, glass vase",
    "scissors": "pair of scissors, shears",
    "teddy bear": """teddy, stuffed bear, stuffed animal, stuffed toy, plush bear, plush toy,
        teddybear, toy bear""",
    "hair drier": "hair dryer, hairdryer, blow dryer, blow drier, hairdrier",
    "toothbrush": "tooth brush, toothbrushes, electric toothbrush",
}
_OTHERS = """toy car, toy truck, toy train, toy plane, toy airplane, toy boat, toy bus, toy horse,
    toy dog, toy cat, toy elephant, toy giraffe, toy bird, model train, model airplane, model car,
    train track, train tracks, train station, train platform, train rail, train bridge, car seat,
    car door, car window, car mirror, car park, cable car, car wash, side car, bus stop, bus
    station, bus lane, bus shelter, boat house, boat dock, boat ramp, boat trailer, gravy boat,
    bike lane, bike rack, bike path, bicycle lane, bicycle rack, bicycle path, truck bed,
    airplane hangar, plane ticket, jet ski, jet bridge, bird house, bird feeder, bird bath, bird
    cage, bird nest, cat food, cat bed, cat tree, cat tail, cat fish, cat toy, dog food, dog
    bed, dog house, dog bowl, dog collar, dog leash, dog toy, dog tag, prairie dog, horse
    carriage, horse trailer, horse shoe, rocking horse, horse drawn carriage, sea horse, saw
    horse, sheep skin, cow bell, bull horn, bull dozer, zebra crossing, zebra print, zebra
    stripe, giraffe print, bear suit, koala bear, gummy bear, umbrella stand, tie dye, tie dye
    shirt, railroad tie, zip tie, ski lift, ski pole, ski slope, ski resort, ski boot, ski
    goggles, ski jacket, ski mask, ski suit, ski jump, ball park, ball cap, ball game, ball
    room, ball point pen, meat ball, crystal ball, eye ball, basketball hoop, volleyball net,
    volleyball court, soccer ball field, kite string, kite tail, bottle cap, bottle opener,
    bottle rack, cup holder, cup board, measuring cup, world cup, fork lift, knife block, knife
    holder, spoon rest, banana peel, banana leaf, banana tree, banana bread, apple pie, apple
    juice, apple tree, apple sauce, apple logo, apple computer, pineapple, pine apple, sandwich
    shop, sandwich board, sandwich bag, orange juice, orange tree, orange peel, orange slice,
    orange cone, carrot cake, pizza box, pizza oven, pizza cutter, pizza pan, pizza shop, pizza
    parlor, pizza dough, pizza sauce, donut shop, donut box, cake stand, cake plate, cake pan,
    cake knife, cake box, pancake, pan cake, rice cake, crab cake, chair lift, wheel chair,
    couch cushion, sofa cushion, power plant, plant stand, flower bed, bed sheet, bed spread,
    bed room, bed frame, bed side, table cloth, table top, table lamp, table tennis, tennis
    table, pool table, tv stand, tv show, tv cabinet, tv tower, laptop bag, laptop case, laptop
    screen, mouse pad, mouse mat, mouse trap, mickey mouse, minnie mouse, piano keyboard,
    musical keyboard, keyboard player, phone booth, phone book, telephone pole, telephone booth,
    telephone wire, telephone line, phone case, phone number, phone charger, oven mitt, oven
    door, oven rack, toilet paper, toilet brush, toilet tank, sink faucet, sink cabinet,
    refrigerator magnet, refrigerator door, fridge magnet, fridge door, book shelf, book case,
    book store, book bag, book mark, check book, clock radio, scissors lift, man hole, man hole
    cover, baby carriage, baby stroller, baby food, baby bottle, baby bed, lady bug, lady
    finger, cd player, dvd player, record player, music player, mp3 player, ram horn, duck tape,
    duck pond, rubber duck, goose down, chick pea, chick peas, hen house, swan boat, hot dog
    stand, hot dog bun, bat man, fruit bat, vampire bat, bench press, work bench, wine glass
    rack, vase shelf, pup tent, kitty litter, kitty litter box, calf muscle, cell tower, cell
    wall, jail cell, mobile home, guy wire, pitcher of water, pitcher of beer, water pitcher,
    glass pitcher, milk pitcher, chef hat, chef knife, couple of, crowd of, baseball cap,
    baseball field, baseball game, baseball diamond, baseball uniform, tennis court, tennis net,
    tennis match, tennis shoe, tennis shoes, tennis skirt, surfboard rack, basketball court,
    snow man, skateboard park, skateboard ramp, skate park, snowboard boot, teddy bear picnic,
    hair brush"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(" ".join(each.split()) for each in text.split(","))


COCO_NAMES: dict[str, tuple[str, ...]] = {
    name: (name, *_words(kinds)) for name, kinds in _KINDS.items()
}
"""Every way to call each class, its own name first; plurals follow from these."""
OTHER_NAMES: frozenset[str] = frozenset(_words(_OTHERS))
"""What holds the name of a class and is something else: a toy car is no car."""


def names_of(name: str) -> tuple[str, ...]:
    """Every way to call a class of COCO; of any other class its own name."""
    return COCO_NAMES.get(name, (name,))
