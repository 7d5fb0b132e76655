import { dayWith, type DemoBot } from "../demo_bot.ts";

/** The reception of a small clinic. It gives no medical advice. */
export const clinic: DemoBot = {
  botId: "clinic-reception",
  name: "Riverside Clinic Reception",
  instructions:
    "You are the reception of a clinic. Never give medical advice; point to the doctor.",
  conversationsPerDay: 24,
  week: [1.8, 1.3, 1.1, 1.1, 1, 0.4, 0.3],
  day: dayWith(7, 19, [[8, 3.5], [13, 1]]),
  entries: [
    {
      question: "How do I make an appointment?",
      answer:
        "Online at riverside.example/book, day and night, or by phone from 7:30. Choose Acute if you are ill today: we keep places free every morning.",
      asks: [
        "I need to see a doctor",
        "Can I book for next week?",
        "appointment tomorrow possible?",
      ],
    },
    {
      question: "How do I cancel or move an appointment?",
      answer:
        "With the link in the confirmation, up to 24 hours before. After that please call, so that somebody else can have the time.",
      asks: ["I cannot come on Thursday", "I must reschedule my appointment", "cancel my visit"],
    },
    {
      question: "What are your surgery hours?",
      answer:
        "Monday to Friday 8:00 to 12:00 and 14:00 to 18:00, Wednesdays only in the morning. We are closed at weekends.",
      asks: ["Until when are you open today?", "Is the clinic open on Wednesday afternoon?"],
    },
    {
      question: "What do I do in an emergency?",
      answer:
        "Call 112 at once if a life may be in danger. For anything else outside our hours the on-call doctors answer on 116 117.",
      asks: ["Who can I call at night?", "It is an emergency", "doctor on a sunday?"],
    },
    {
      question: "How do I order a repeat prescription?",
      answer:
        "Online or by phone until 11:00; it is ready the next working day after 14:00, on paper or straight on your card. We need to have seen you within the last quarter.",
      asks: [
        "I need my tablets again",
        "Can you renew my prescription?",
        "My medication is running out",
      ],
    },
    {
      question: "How do I get a sick note?",
      answer:
        "A doctor has to see you, in person or by video, on the first day. We then send the note to your insurer electronically.",
      asks: ["I need a certificate for my employer", "Can I get a sick note by phone?"],
    },
    {
      question: "Do you offer video consultations?",
      answer:
        "Yes, Tuesdays and Thursdays from 16:00 to 18:00, for follow-ups, results and sick notes. The link comes by e-mail an hour before.",
      asks: ["Can I talk to the doctor online?", "Is a video call possible?"],
    },
    {
      question: "When do I get my test results?",
      answer:
        "Blood results after two working days, others after about a week. The doctor calls if something needs attention; otherwise you see them in the patient portal.",
      asks: ["Are my blood results in?", "How long does the lab take?"],
    },
    {
      question: "Do I have to come with an empty stomach for a blood test?",
      answer:
        "Only if the slip says fasting: then nothing but water for eight hours before. Take your usual medicine unless the doctor told you otherwise.",
      asks: ["May I have breakfast before the blood test?", "Do I need to fast?"],
    },
    {
      question: "Do you accept new patients?",
      answer:
        "Yes, from everywhere in the city. Bring your insurance card, a list of your medicines and, if you have it, your vaccination record.",
      asks: ["Can I become a patient here?", "I just moved here and need a doctor"],
    },
    {
      question: "What should I bring to my first visit?",
      answer:
        "Insurance card, list of medicines, vaccination record and earlier letters. Come ten minutes early for the form, or fill it in online.",
      asks: ["Which papers do you need?", "What do I need for my first appointment?"],
    },
    {
      question: "Which insurance do you accept?",
      answer:
        "All public insurers and private ones. Without insurance you pay by the official scale; ask us before.",
      asks: ["Do you take private patients?", "I have no insurance, can I come?"],
    },
    {
      question: "Do you give vaccinations?",
      answer:
        "Flu, tetanus, measles and travel vaccinations, Mondays and Fridays without a doctor's appointment. Book the slot called Vaccination.",
      asks: ["Where can I get a flu shot?", "I need vaccinations for a journey"],
    },
    {
      question: "Can I get a referral to a specialist?",
      answer:
        "If the doctor knows the problem, reception prepares it by the next day. For something new please come in first.",
      asks: ["I need a referral to a dermatologist", "How do I get to see a specialist?"],
    },
    {
      question: "Do you treat children?",
      answer:
        "From six years on. For younger children we work with the paediatricians on Bridge Street.",
      asks: ["Can I bring my four-year-old?", "Is there a doctor for kids at your clinic?"],
    },
    {
      question: "Do you make home visits?",
      answer:
        "For patients of ours who cannot leave home, Wednesdays and Fridays from 12:30. Please call before 10:00.",
      asks: [
        "My mother cannot come, could the doctor visit her?",
        "Can the doctor come to our home?",
      ],
    },
    {
      question: "Where can I park?",
      answer:
        "Behind the building, entrance on Quay Street, the first hour free. Two places by the door are for people with disabilities.",
      asks: ["Is there parking at the clinic?", "Do you have a car park?"],
    },
    {
      question: "Is the clinic wheelchair accessible?",
      answer:
        "Yes: a ramp at the side entrance, a lift, and an adapted examination room on the ground floor.",
      asks: ["Can I get in with a walker?", "Is there a ramp?"],
    },
    {
      question: "How do I get a copy of my records?",
      answer:
        "Ask in the patient portal or at the desk. The first copy is free and ready within a week.",
      asks: ["I would like to have my medical records", "Can you send my file to my new doctor?"],
    },
    {
      question: "How do I use the patient portal?",
      answer:
        "You get an activation code at the desk. With it you see results and appointments and write to us; we answer within one working day.",
      asks: ["I cannot sign in to the portal", "Where do I get my activation code?"],
    },
    {
      question: "Do I have to wear a mask?",
      answer:
        "Only with a cough, a cold or a fever; masks lie at the entrance. Thank you for looking after the others.",
      asks: ["Is there a mask rule?", "I have a cold, may I come in?"],
    },
  ],
  intents: [
    {
      name: "greeting",
      examples: ["hello", "good morning", "hi", "good day"],
      answer: "Riverside Clinic, good day. How can I help you?",
    },
    {
      name: "thanks",
      examples: ["thank you", "thanks for your help", "many thanks", "all right, thank you"],
      answer: "You are welcome. All the best!",
    },
    {
      name: "speak_to_a_person",
      examples: [
        "I want to speak to reception",
        "please call me",
        "phone number",
        "talk to a nurse",
      ],
      answer: "Reception answers on 0555 040 40 from 7:30 to 18:00.",
    },
  ],
  beyond: [
    "Which painkiller is best for a toothache?",
    "Is this mole dangerous?",
    "Can you lend me crutches for a play?",
    "How many calories does an apple have?",
    "Do you have jobs for students?",
  ],
};
