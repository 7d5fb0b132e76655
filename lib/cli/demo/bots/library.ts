import { dayWith, type DemoBot } from "../demo_bot.ts";

/** A city library with branches, a makerspace and an online catalogue. */
export const library: DemoBot = {
  botId: "city-library",
  name: "City Library",
  instructions: "You help visitors of a public library. Answer clearly; be welcoming to everyone.",
  conversationsPerDay: 22,
  week: [1.1, 1, 1.1, 1, 1, 1.2, 0.4],
  day: dayWith(8, 21, [[11, 1], [16, 2.5]]),
  entries: [
    {
      question: "What are the library's opening hours?",
      answer:
        "The Central Library opens Monday to Friday from 9:00 to 20:00, Saturday from 10:00 to 17:00. On Sundays the reading room is open from 11:00 to 16:00.",
      asks: [
        "When does the central library close?",
        "Are you open on Sundays?",
        "library hours saturday",
      ],
    },
    {
      question: "How do I get a library card?",
      answer:
        "Bring an identity card with your address to any desk; it takes five minutes. Adults pay 20 a year, everyone under 18 and students pay nothing.",
      asks: [
        "I would like to become a member",
        "What does a library card cost?",
        "Can my daughter get her own card?",
      ],
    },
    {
      question: "How long can I keep a book?",
      answer: "Books four weeks, films and magazines one week, board games two weeks.",
      asks: ["What is the loan period?", "How many weeks may I borrow a novel?"],
    },
    {
      question: "How do I renew a loan?",
      answer:
        "Online under My Account or by phone, twice for each item, as long as nobody else has reserved it.",
      asks: ["Can I extend my books?", "I need my book for another week, what can I do?"],
    },
    {
      question: "What happens when I return something late?",
      answer:
        "Each item costs 0.20 a day, at most 5. Children's books are free of late fees. We remind you by e-mail three days before.",
      asks: ["How high are the late fees?", "My book is overdue, what does it cost?"],
    },
    {
      question: "I lost a book, what now?",
      answer:
        "Tell the desk. You replace it with the same edition or pay its price and 3 for the cover; late fees are waived.",
      asks: ["What if a borrowed book is damaged?", "I can't find the book I borrowed"],
    },
    {
      question: "How do I reserve a book?",
      answer:
        "Press Reserve in the catalogue. We write to you as soon as it is on the shelf by the entrance, where it waits for seven days.",
      asks: [
        "The novel I want is on loan, can I reserve it?",
        "How long is a reservation kept for me?",
      ],
    },
    {
      question: "How many items can I borrow?",
      answer: "Up to 30 items at a time, of which ten may be films or games.",
      asks: ["Is there a limit on loans?", "How many films may I take home?"],
    },
    {
      question: "Can I borrow e-books?",
      answer:
        "Yes, with your card number in the Onleaf app: ten e-books and five audiobooks at a time, three weeks each. They return themselves.",
      asks: ["How do e-books work?", "Do you have audiobooks to download?", "which app for ebooks"],
    },
    {
      question: "Where can I return books when you are closed?",
      answer: "In the return box left of the main entrance, day and night, and at every branch.",
      asks: ["Is there a drop box?", "Can I give back books at night?"],
    },
    {
      question: "Do you have Wi-Fi?",
      answer:
        "Free, without registration: choose the network CityLibrary. It reaches the courtyard too.",
      asks: ["How do I get on the internet here?", "What is the wifi password?"],
    },
    {
      question: "Can I print and scan?",
      answer:
        "Printers and a scanner stand on the first floor. A page costs 0.10, in colour 0.40; scanning to a stick or by e-mail is free.",
      asks: ["How much is a printed page?", "Where is the scanner?"],
    },
    {
      question: "How do I book a study room?",
      answer:
        "Six rooms for two to eight people can be booked in your account up to two weeks ahead, for four hours a day.",
      asks: ["We need a room for our study group", "Are there quiet rooms to book?"],
    },
    {
      question: "What can I do in the makerspace?",
      answer:
        "3D printers, a laser cutter, sewing machines and a recording corner are there to use after a free introduction, Tuesdays and Thursdays at 17:00.",
      asks: ["Do you have a 3D printer?", "When is the introduction to the laser cutter?"],
    },
    {
      question: "Are there events for children?",
      answer:
        "Story time is on Wednesdays at 15:30 for ages four to seven; the comics club meets on Saturdays at 11:00. Both are free.",
      asks: ["When is story time?", "What is on for kids this week?"],
    },
    {
      question: "Can the library order a book you do not have?",
      answer:
        "Suggest it in the catalogue; we buy two of three suggestions within a month. For research we borrow from other libraries at 2 a book.",
      asks: ["I want to suggest a title", "Do you do inter-library loans?"],
    },
    {
      question: "Do you take book donations?",
      answer:
        "Books in good shape from the last five years, up to one bag at a time, Mondays at the Central desk. The rest finds a home in the open bookcase.",
      asks: ["May I give you my old books?", "Where can I donate novels?"],
    },
    {
      question: "Is the library accessible by wheelchair?",
      answer:
        "Every floor by lift, the entrance has no step, and desk 2 can be lowered. We lend a wheelchair at the information desk.",
      asks: ["Is there a lift?", "Can I come in with a wheelchair?"],
    },
    {
      question: "Do you have books in other languages?",
      answer:
        "In 23 languages, on the second floor; the largest shelves are Arabic, Ukrainian, Spanish and Turkish. Language courses stand beside them.",
      asks: ["Are there novels in Spanish?", "Where do I find Ukrainian books?"],
    },
    {
      question: "How do I change my address or PIN?",
      answer:
        "In your account under Settings; for a forgotten PIN use the link on the sign-in page.",
      asks: ["I forgot my PIN", "I have moved, how do I tell you?"],
    },
  ],
  intents: [
    {
      name: "greeting",
      examples: ["hello", "hi", "good morning", "good evening", "hey library"],
      answer: "Welcome to the City Library. What are you looking for?",
    },
    {
      name: "thanks",
      examples: ["thank you", "thanks", "perfect, thank you very much", "cheers, that was quick"],
      answer: "Gladly. Enjoy your reading!",
    },
    {
      name: "speak_to_a_person",
      examples: [
        "can I speak to a librarian",
        "I want to talk to a human",
        "telephone number of the desk",
      ],
      answer:
        "The information desk answers on 0555 020 00 during opening hours, or come to desk 1.",
    },
  ],
  beyond: [
    "Which book should I read after Middlemarch?",
    "Can I park a camper van behind the library?",
    "How tall is the clock tower?",
    "Could you proofread my thesis?",
    "What did the mayor say yesterday?",
  ],
};
