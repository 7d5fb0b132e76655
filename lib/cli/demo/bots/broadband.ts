import { dayWith, type DemoBot } from "../demo_bot.ts";

/** A provider of home internet: the busiest of the demo's bots, most of all in the evening. */
export const broadband: DemoBot = {
  botId: "lumen-support",
  name: "Lumen Broadband Support",
  instructions: "You support customers of a broadband provider, step by step and without jargon.",
  conversationsPerDay: 44,
  week: [1.2, 1, 1, 1, 0.9, 0.9, 1],
  day: dayWith(7, 23, [[9, 1], [20, 3]]),
  entries: [
    {
      question: "My internet is not working, what should I do?",
      answer:
        "Unplug the router for 30 seconds, plug it in and wait three minutes. If the LINK light stays red, check the cable to the wall socket and tell us in the app under Report a fault.",
      asks: [
        "No internet since this morning",
        "the connection is down again",
        "Internet not working, help",
      ],
    },
    {
      question: "Why is my connection slow?",
      answer:
        "Measure by cable at speed.lumen.example first. If that is fast, it is the Wi-Fi: move the router into the open and use the 5 GHz network. If it is slow by cable too, report it with the result.",
      asks: [
        "Everything loads so slowly in the evening",
        "I only get a tenth of the speed I pay for",
        "slow wifi",
      ],
    },
    {
      question: "What do the lights on the router mean?",
      answer:
        "Steady white: all is well. Blinking white: connecting. Red LINK: no signal on the line. Orange: an update is running, do not unplug it.",
      asks: ["The router blinks orange", "There is a red light on the box", "LINK light is red"],
    },
    {
      question: "How do I change my Wi-Fi name or password?",
      answer:
        "In the app under Home, Wi-Fi, Edit; or at 192.168.1.1 with the password from the sticker. Devices must sign in again afterwards.",
      asks: ["I want another wifi password", "Where do I rename my network?"],
    },
    {
      question: "Where do I find my Wi-Fi password?",
      answer:
        "On the sticker below the router, beside the QR code, and in the app under Home, Wi-Fi.",
      asks: ["I forgot the password of my wifi", "What is the network key?"],
    },
    {
      question: "Is there an outage in my area?",
      answer:
        "The map at status.lumen.example shows known outages by postcode and when we expect to be done. Sign up there for a text message.",
      asks: [
        "Are there known problems in my street?",
        "When will the outage be over?",
        "outage map?",
      ],
    },
    {
      question: "When is my bill due?",
      answer:
        "Bills are issued on the 3rd and collected on the 17th. You see the last 24 in the app under Contract, Bills.",
      asks: ["When do you collect the money?", "Where can I see my last bill?"],
    },
    {
      question: "Why is my bill higher than before?",
      answer:
        "Most often a starter discount has ended or a call outside your plan was charged; page 2 lists both. If it still looks wrong, object within eight weeks in the app.",
      asks: ["You charged me too much this month", "My invoice went up, why?"],
    },
    {
      question: "How do I change my bank details?",
      answer:
        "In the app under Contract, Payment. A change made before the 10th counts for the same month.",
      asks: ["I have a new bank account", "How can I pay from another account?"],
    },
    {
      question: "Which plans do you offer?",
      answer:
        "Home 100 for 29, Home 500 for 39 and Fibre 1000 for 49 a month, all without data limit. Fibre needs a fibre socket in your building.",
      asks: [
        "What does faster internet cost?",
        "Which tariff is right for a family?",
        "price of fibre 1000",
      ],
    },
    {
      question: "How do I upgrade my plan?",
      answer:
        "In the app under Contract, Change plan. A faster plan starts the next working day, a slower one with the next month.",
      asks: ["I want to switch to 500", "Can I move to a slower, cheaper tariff?"],
    },
    {
      question: "Is fibre available at my address?",
      answer:
        "Enter your address at lumen.example/fibre. Where it says Planned, you can register without obligation and we write when digging starts.",
      asks: ["When do we get fibre in our street?", "Can I have a fibre connection?"],
    },
    {
      question: "I am moving, can I take my connection with me?",
      answer:
        "Yes. Tell us four weeks ahead in the app under Contract, Moving; the technician's visit is free. If we cannot serve the new address you may leave with one month's notice.",
      asks: ["We move house next month", "What happens to my contract when I move?"],
    },
    {
      question: "How do I cancel my contract?",
      answer:
        "In the app under Contract, Cancel, with one month's notice after the first year. You get a confirmation by e-mail at once.",
      asks: ["I want to cancel", "What is the notice period?"],
    },
    {
      question: "How do I return the router?",
      answer:
        "Print the label in the app under Contract, Return, and hand the parcel in at any post office within 14 days. A router that does not come back costs 79.",
      asks: ["Where do I send the old router?", "Must I give the box back?"],
    },
    {
      question: "When does the technician come?",
      answer:
        "You choose a window of two hours in the app; a text message an hour before says when exactly. Somebody over 16 must be at home.",
      asks: [
        "I am waiting for the technician",
        "Can I change the appointment?",
        "Do I need to be home for the installation?",
      ],
    },
    {
      question: "Can I use my own router?",
      answer:
        "Yes, any router for VDSL2 or with an Ethernet port for fibre. The access data are in the app under Home, Own device.",
      asks: ["Does a third-party router work with you?", "I would like to use a different router"],
    },
    {
      question: "How do I get a fixed IP address?",
      answer:
        "Order it in the app under Contract, Options for 5 a month. IPv6 prefixes are fixed for everyone.",
      asks: ["Do you offer static IPs?", "I need a public IPv4 address"],
    },
    {
      question: "How do I keep my phone number?",
      answer:
        "Give us the number and your old provider when you order; we bring it over on the day of the switch, free of charge.",
      asks: ["Can I take my landline number with me?", "porting my number to lumen"],
    },
    {
      question: "My TV box does not start.",
      answer:
        "Hold its power button for ten seconds, wait for the blue light, and check that the HDMI cable sits in the port called TV. Still black? Reset it in the app under Home, TV.",
      asks: ["No picture on the television", "The TV box stays dark"],
    },
    {
      question: "How do I improve Wi-Fi in distant rooms?",
      answer:
        "Put the router in the middle of the home, off the floor. For thick walls we rent mesh points at 3 a month; one for each floor is enough.",
      asks: ["There is no signal in the bedroom", "How do I get wifi upstairs?"],
    },
    {
      question: "How do I set up a guest network?",
      answer:
        "In the app under Home, Wi-Fi, Guests. It switches itself off after the hours you choose.",
      asks: [
        "Can visitors use my wifi without my password?",
        "I want a separate network for guests",
      ],
    },
    {
      question: "Do I get money back for an outage?",
      answer:
        "From the third day of a reported outage on: 5 a day, from the fifth 10. It is credited to the next bill without your asking.",
      asks: [
        "I want compensation for the outage",
        "Three days without internet, do I get a refund?",
      ],
    },
  ],
  intents: [
    {
      name: "greeting",
      examples: ["hello", "hi", "good evening", "hey", "hello support"],
      answer: "Hello, this is Lumen. Tell me what is wrong and we sort it out step by step.",
    },
    {
      name: "thanks",
      examples: ["thank you", "thanks, it works again", "great, solved", "that did it, thanks"],
      answer: "Good to hear. Happy surfing!",
    },
    {
      name: "speak_to_a_person",
      examples: [
        "I want a human",
        "agent please",
        "connect me to customer service",
        "call me back",
      ],
      answer:
        "Our team is on 0555 030 30 from 7:00 to 22:00; in the app, Call me back holds your place in the line.",
    },
    {
      name: "complaint",
      examples: [
        "this is ridiculous",
        "I am really annoyed",
        "your service is terrible",
        "I want to complain",
      ],
      answer:
        "I am sorry for the trouble. Tell me what happened and since when, or write to complaints@lumen.example; a person answers within two days.",
    },
  ],
  beyond: [
    "Can you recommend a series to watch tonight?",
    "How do I get blood stains out of a carpet?",
    "Is the moon landing on your TV archive?",
    "What is the best laptop for a student?",
    "Why does my fridge hum?",
    "Could you file my tax return?",
    "Can I buy shares of Lumen?",
  ],
};
