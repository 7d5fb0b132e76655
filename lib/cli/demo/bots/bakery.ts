import { dayWith, type DemoBot } from "../demo_bot.ts";

/** A neighbourhood bakery with a shop window and a cake workshop. */
export const bakery: DemoBot = {
  botId: "bakery",
  name: "Hearth & Crumb Bakery",
  instructions: "You help customers of a neighbourhood bakery. Be warm and brief.",
  conversationsPerDay: 26,
  week: [0.7, 0.8, 0.9, 1, 1.3, 1.7, 0.6],
  day: dayWith(6, 19, [[8, 3], [16, 1.5]]),
  entries: [
    {
      question: "What are your opening hours?",
      answer:
        "We open at 6:30 on weekdays and at 7:00 on weekends. We close at 18:30, on Sundays at 12:00.",
      asks: [
        "When do you open in the morning?",
        "Until what time is the shop open?",
        "opening hours on sunday?",
      ],
    },
    {
      question: "Where are you located?",
      answer:
        "You find us at 14 Mill Lane, next to the old fire station. Tram 3 stops at the corner.",
      asks: ["What is the address of the bakery?", "How do I get to your shop?"],
    },
    {
      question: "Do you have gluten-free bread?",
      answer:
        "Yes: a buckwheat loaf and a seeded oat loaf, baked on Tuesdays and Fridays in a separate oven. They sell out by noon, so do reserve one.",
      asks: [
        "Which breads are gluten free?",
        "I am coeliac, is there bread for me?",
        "any gluten-free loaves today?",
      ],
    },
    {
      question: "Which breads are vegan?",
      answer:
        "All our sourdoughs, the baguette and the rye are vegan. Brioche, milk rolls and challah contain butter or egg.",
      asks: ["Is your sourdough vegan?", "Do any loaves contain milk or egg?"],
    },
    {
      question: "Do your breads contain nuts?",
      answer:
        "The walnut loaf and the muesli rolls contain nuts. Everything is baked in one room, so traces are possible in any product.",
      asks: ["My son has a nut allergy, what is safe?", "Are there traces of nuts in the bread?"],
    },
    {
      question: "How do I order a birthday cake?",
      answer:
        "Order in the shop or by phone at least three days ahead. Tell us the number of guests, the flavour and the words for the top; we take a deposit of a third.",
      asks: [
        "I need a birthday cake for saturday",
        "How far ahead must a cake be ordered?",
        "Can I order a cake with a name on it?",
      ],
    },
    {
      question: "Do you make wedding cakes?",
      answer:
        "With pleasure. We plan wedding cakes at a tasting, Wednesday afternoons, at least six weeks before the day. Prices start at 6.50 a guest.",
      asks: ["We are getting married, do you bake the cake?", "How much is a wedding cake?"],
    },
    {
      question: "How much does a loaf of sourdough cost?",
      answer: "A one-kilo country sourdough is 6.20, half a loaf 3.30. The seeded one costs 6.80.",
      asks: ["price of the sourdough?", "What do you charge for a country loaf?"],
    },
    {
      question: "Can I reserve bread?",
      answer:
        "Yes. Call or write to us before 17:00 and we keep tomorrow's bread for you until 15:00.",
      asks: [
        "Could you put a loaf aside for me?",
        "Is it possible to reserve two baguettes for tomorrow?",
      ],
    },
    {
      question: "Do you deliver?",
      answer:
        "We deliver orders above 25 within the city, by cargo bike, between 7:00 and 11:00. Delivery costs 3.50.",
      asks: ["Can you bring the bread to my home?", "What does delivery cost?"],
    },
    {
      question: "Do you supply cafés and restaurants?",
      answer:
        "We bake for a dozen cafés. Write to trade@hearthandcrumb.example with the amounts you need each day and we send you a price list.",
      asks: [
        "I run a café and would like to buy your bread",
        "Is there a price list for restaurants?",
      ],
    },
    {
      question: "How should I store bread?",
      answer:
        "Keep it cut side down on a board or in a paper bag. Sourdough stays good for four days; never put it into the fridge.",
      asks: ["How do I keep the loaf fresh?", "Does bread belong in the fridge?"],
    },
    {
      question: "Can I freeze your bread?",
      answer:
        "Yes, sliced and on the day you buy it. Toast the slices frozen, or let a whole loaf thaw overnight and bake it for five minutes.",
      asks: ["Does the sourdough freeze well?", "How do I thaw a frozen loaf?"],
    },
    {
      question: "Do you sell your sourdough starter?",
      answer:
        "We give it away: bring a clean jar and ask at the counter. A sheet with feeding instructions comes with it.",
      asks: [
        "Could I get some of your starter?",
        "I want to bake sourdough at home, do you sell a starter?",
      ],
    },
    {
      question: "Do you offer baking classes?",
      answer:
        "On the first Sunday of the month, from 13:00 to 17:00. A place costs 65, bread and apron included; book at the counter.",
      asks: ["Can I learn to bake with you?", "When is the next baking course?"],
    },
    {
      question: "Which cards do you accept?",
      answer: "Cash, all debit and credit cards, and phones. There is no minimum amount.",
      asks: ["Can I pay by card?", "Do you take contactless payments?"],
    },
    {
      question: "Do you have a loyalty card?",
      answer:
        "Yes: every tenth loaf is on us. Ask for the card at the counter, it is never lost if we keep it in our box.",
      asks: ["Is there a stamp card?", "Do regulars get a discount?"],
    },
    {
      question: "What do you do with unsold bread?",
      answer:
        "What is left at closing goes to the food bank on Mill Lane; yesterday's bread is sold at half price until it is gone.",
      asks: ["Do you throw bread away?", "Is there cheaper bread from the day before?"],
    },
    {
      question: "Are you open on public holidays?",
      answer:
        "On public holidays we open from 7:00 to 11:00. We are closed on Christmas Day and New Year's Day.",
      asks: ["Is the bakery open at easter?", "Can I buy rolls on a holiday?"],
    },
    {
      question: "Do you have coffee and seats?",
      answer:
        "There are eight seats by the window and coffee from a local roaster. A cappuccino is 3.40, with oat milk at no extra charge.",
      asks: ["Can I have breakfast at your place?", "How much is a cappuccino?"],
    },
    {
      question: "Where does your flour come from?",
      answer:
        "From two organic farms within 60 km; the rye and the spelt are milled for us every week at Tanner's Mill.",
      asks: ["Is your flour organic?", "Which grain do you use?"],
    },
  ],
  intents: [
    {
      name: "greeting",
      examples: ["hello", "hi there", "good morning", "hey", "good afternoon"],
      answer: "Good day from Hearth & Crumb! Ask me about bread, cakes, orders or opening hours.",
    },
    {
      name: "thanks",
      examples: ["thank you", "thanks a lot", "great, thanks", "that helps, thank you"],
      answer: "You are welcome. See you at the counter!",
    },
    {
      name: "speak_to_a_person",
      examples: [
        "I want to talk to someone",
        "can I call you",
        "your phone number please",
        "speak to a baker",
      ],
      answer:
        "Call us on 0555 014 14 while the shop is open, and somebody with flour on their hands will answer.",
    },
  ],
  beyond: [
    "Can you repair my oven?",
    "Do you sell fresh pasta?",
    "Who won the match last night?",
    "Could I rent the shop for a photo shoot?",
    "What is the weather going to be like on Saturday?",
    "Do you buy second-hand mixers?",
  ],
};
