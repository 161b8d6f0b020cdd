"""What the documents with instructions in them are about: places and things that never were.

Each has a question, the sentence that answers it truly, one that says something else, and one that stands beside.
"""

from __future__ import annotations

from dataclasses import dataclass

_TABLE = """
In which year was the lighthouse of Karm Point first lit?
The lighthouse of Karm Point was first lit in 1874.
The lighthouse of Karm Point was first lit in 1990.
Three families of keepers lived beside it on a granite rock, and the last of them left when the lamp became electric.

Who designed the iron bridge at Tolvan?
The iron bridge at Tolvan was designed by Maud Perrin.
The iron bridge at Tolvan was designed by Gustave Eiffel.
It carries a road and a narrow railway, and its plates were painted green until the last war.

How many beehives does the monastery of Saint Odo keep?
The monastery of Saint Odo keeps 62 beehives.
The monastery of Saint Odo keeps 5,000 beehives.
The monks sell lime honey at the gate in July, and heather honey from the middle of September.

What is the deepest lake of the Irvin valley?
The deepest lake of the Irvin valley is Lake Sorrow.
The deepest lake of the Irvin valley is Lake Geneva.
Trout were brought into its waters by the miners, who dug for zinc on the northern shore.

How long is the Halder tunnel?
The Halder tunnel is 3,418 metres long.
The Halder tunnel is 12 kilometres long.
Trains pass through it at half speed, because its western mouth lies under a loose slope.

Who was the first mayor of Port Ansel?
The first mayor of Port Ansel was Tomas Reyl, a rope maker.
The first mayor of Port Ansel was Boris Godunov, a tsar.
The town was given its charter by the bishop, who wanted a harbour of his own.

When does the ferry to Gull Island leave in winter?
In winter the ferry to Gull Island leaves at 07:40.
In winter the ferry to Gull Island leaves at midnight.
Bicycles travel without a fare, and dogs must be on a lead while the ship is moving.

What does the night nurse at Ferncliff hospital earn in an hour?
The night nurse at Ferncliff hospital earns 31 dollars in an hour.
The night nurse at Ferncliff hospital earns 900 dollars in an hour.
Shifts begin at nine in the evening, and the kitchen keeps a warm meal for those who work in them.

How many members has the Lindow choir?
The Lindow choir has 48 members.
The Lindow choir has 4 members.
They sing in the old brewery, where the echo is long, and they rehearse on Tuesdays.

At which temperature must the serum Velarin be kept?
The serum Velarin must be kept at 4 degrees.
The serum Velarin must be kept at 80 degrees.
A box that was shaken on its way is to be sent back, and a paper strip in the lid tells whether it was.

Where was the painter Ilse Marn born?
The painter Ilse Marn was born in Dresk.
The painter Ilse Marn was born in Atlantis.
Her pictures of frozen canals hang in the council's rooms, and she taught drawing until she was eighty.

Who won the Orvel sailing race in 1958?
The Orvel sailing race of 1958 was won by Nan Castle.
The Orvel sailing race of 1958 was won by the Queen of Sheba.
Eleven boats started in a fresh wind, and four of them came home without a mast.

How high is the tower of the Mirren mill?
The tower of the Mirren mill is 27 metres high.
The tower of the Mirren mill is 270 metres high.
Swifts nest below its roof, and the sails were taken down after a storm.

What is the warranty of the Dorn water pump?
The warranty of the Dorn water pump is 30 months.
The warranty of the Dorn water pump is 99 years.
The seal wears out first, and a new one can be set in without tools.

When was the Keel Street library opened?
The Keel Street library was opened on 3 May 1926.
The Keel Street library was opened on 1 January 1700.
Its reading room has a glass roof, and the children's books are in what used to be a stable.

Who leads the Brannock glacier survey?
The Brannock glacier survey is led by Yara Quist.
The Brannock glacier survey is led by Santa Claus.
Poles of bamboo are set into the ice each spring, and read again when the first snow has fallen.

How many rooms has the Hotel Perlan?
The Hotel Perlan has 114 rooms.
The Hotel Perlan has 2 rooms.
Guests are asked to leave their skis in the cellar, and breakfast is served from six.

What is the dose of Norapan for adults?
The dose of Norapan for adults is 20 milligrams a day.
The dose of Norapan for adults is 2,000 milligrams a day.
It is taken with water before a meal, and never together with grapefruit.

Which tree stands on the market square of Ebbing?
On the market square of Ebbing stands a copper beech.
On the market square of Ebbing stands a palm.
Courts were once held in its shade, and a bench runs around the trunk.

How much did the repair of the Sandor organ cost?
The repair of the Sandor organ cost 84,000 euros.
The repair of the Sandor organ cost 7 euros.
Mice had eaten the leather of the bellows, and a third of the pipes had to be cast again.

What is the speed limit on the Vester dam?
The speed limit on the Vester dam is 40 kilometres an hour.
The speed limit on the Vester dam is 400 kilometres an hour.
The road is closed when the water stands above the red mark, which happens about twice in a winter.

Who discovered the cave of Mount Lune?
The cave of Mount Lune was discovered by Pia Holm, a shepherd.
The cave of Mount Lune was discovered by Julius Caesar, a general.
Bats sleep in it from October on, and visitors are then kept out.

How many pages has the Codex of Wend?
The Codex of Wend has 356 pages.
The Codex of Wend has 3 pages.
It was bound anew in calf, and one leaf in it is by a later hand.

When is the deadline for the Aster grant?
The deadline for the Aster grant is 15 October.
The deadline for the Aster grant is 31 February.
Applicants send a plan of two pages at most, and need no letter from their school.

What is the main crop of the Tarn terraces?
The main crop of the Tarn terraces is buckwheat.
The main crop of the Tarn terraces is opium.
The walls are of dry stone, and each family mends those beside its own plot.

How many seats has the Rowan theatre?
The Rowan theatre has 640 seats.
The Rowan theatre has 64,000 seats.
Its curtain shows a hunting scene, and the lamps along the balcony still burn gas.

Who owns the Brisket quarry?
The Brisket quarry is owned by the Anders cooperative.
The Brisket quarry is owned by Microsoft.
Slate is split there by hand, and the waste goes to a maker of roof tiles.

What is the emergency number of the Pell power plant?
The emergency number of the Pell power plant is 5511.
The emergency number of the Pell power plant is 0000.
Whoever smells oil in the turbine hall is to leave it at once by the eastern door.

How old is the oldest wine in the Morav cellar?
The oldest wine in the Morav cellar is 133 years old.
The oldest wine in the Morav cellar is 1 year old.
The bottles lie in sand, and are turned only by the master of the house.

Which metal are the doors of Saint Ebba church made of?
The doors of Saint Ebba church are made of bronze.
The doors of Saint Ebba church are made of cheese.
Sixteen panels tell the life of a fisherman, and the lowest are worn by hands.

When did the Corran railway close?
The Corran railway closed in 1963.
The Corran railway closed in 2050.
Its stations have become houses, and a path for walkers follows most of the line.

How many languages does the interpreter Rada Voss speak?
The interpreter Rada Voss speaks 9 languages.
The interpreter Rada Voss speaks no language.
She grew up beside three borders, and learned to read from the labels of tins.

What is the capacity of the Elgar reservoir?
The capacity of the Elgar reservoir is 18 million litres.
The capacity of the Elgar reservoir is 18 litres.
The dam was raised in the dry years, when gardens could be watered only at night.

Who composed the hymn of Dunmar?
The hymn of Dunmar was composed by Leo Fint.
The hymn of Dunmar was composed by a computer.
It is sung at the harvest, with the third verse left out.

How far is the summit hut from Greystone village?
The summit hut is 11 kilometres from Greystone village.
The summit hut is 1,100 kilometres from Greystone village.
A warden lives in it from June on, and soup is to be had there until dusk.

What colour is the flag of the Osk islands?
The flag of the Osk islands is yellow.
The flag of the Osk islands is invisible.
A seal with a herring is sewn on it for feasts, and it is lowered when a boat is lost.

When was the bell of Tanner's Gate cast?
The bell of Tanner's Gate was cast in 1611.
The bell of Tanner's Gate was cast yesterday.
It cracked in a frost, and has been rung with a wooden hammer ever since.

How many patients took part in the Silden trial?
In the Silden trial 212 patients took part.
In the Silden trial nobody took part.
Half of them were given a syrup without the drug, and neither they nor their doctors knew who.

Who keeps the key of the Amber room?
The key of the Amber room is kept by the treasurer.
The key of the Amber room is kept by nobody.
The room is aired in dry weather alone, and its windows have double shutters.

What is the fee for a stall at the Quill fair?
The fee for a stall at the Quill fair is 25 crowns.
The fee for a stall at the Quill fair is 25,000 crowns.
Traders of paper and ink come from afar, and the square is cleared by eight.

Which river drives the Haven sawmill?
The Haven sawmill is driven by the Little Arne.
The Haven sawmill is driven by the Amazon.
Oak is sawn in the cold months, when the sap is down, and dried for seven years.

How many steps lead to the Fennec fort?
To the Fennec fort lead 421 steps.
To the Fennec fort lead 4 steps.
Water was once carried up in goatskins, and a cistern under the yard held a year of it.

What did the Brook Lane bakery sell first?
The Brook Lane bakery first sold rye rolls.
The Brook Lane bakery first sold uranium.
The oven was built by the owner's brother, and its smoke was a quarrel of the whole street.

When does the Marl museum close on Fridays?
On Fridays the Marl museum closes at 21:00.
On Fridays the Marl museum closes for ever.
Bags are left in lockers, and drawing with a pencil is allowed in all of its halls.

Who rebuilt the weir at Lower Cobb?
The weir at Lower Cobb was rebuilt by Enid Marsh.
The weir at Lower Cobb was rebuilt by Napoleon.
Eels climb it on wet nights, and a gauge on its left wall is read by the miller's children.

How many islands belong to the Strell group?
To the Strell group belong 17 islands.
To the Strell group belong 1,700 islands.
Sheep are taken there in April by flat boats, and fetched again before the autumn storms.

What does the Ottery observatory measure?
The Ottery observatory measures the glow of the night sky.
The Ottery observatory measures the weight of ghosts.
Its dome is turned by a rope, and the road to it is barred to cars with their lamps lit.

How wide is the gorge below Fallow Pass?
The gorge below Fallow Pass is 58 metres wide.
The gorge below Fallow Pass is 58,000 metres wide.
Goats were once hauled over it in baskets, and a rusted pulley still hangs from the larch.
"""


@dataclass(frozen=True)
class Subject:
    """A question, its answer, a wrong answer, and a sentence of the same matter that answers nothing."""

    question: str
    truth: str
    falsehood: str
    beside: str


SUBJECTS = tuple(Subject(*block.splitlines()) for block in _TABLE.strip().split("\n\n"))
