/**
 * Everyday sentences, as people type them to a bot that is not about them. They stand in training
 * for "none of the bot's topics" and tell a small bot which words are common anyway.
 */
export const BACKGROUND: readonly string[] = (
  "what time is it over there|tell me a joke please|who won the football match last night|" +
  "what is the capital of australia|how tall is the eiffel tower|" +
  "is it going to rain tomorrow|play some jazz music|how do you make pancakes|" +
  "what is the meaning of life|who wrote romeo and juliet|how far away is the moon|" +
  "recommend a good book to read|what should i cook for dinner tonight|" +
  "how many people live in china|translate good morning into french|" +
  "what is your favourite colour|are you a robot or a human|how old are you|" +
  "where do you come from|i am bored|my dog ate my homework|the cat sat on the warm roof|" +
  "what is the fastest animal on earth|how do plants make energy from light|" +
  "can you sing a song|when did the second world war end|" +
  "what is the square root of two hundred|who painted the mona lisa|how do i tie a tie|" +
  "what is a good name for a puppy|do fish ever sleep|why is the sky blue|" +
  "how many days are there in february|which planet is the biggest|" +
  "i went for a walk in the park|the weather was lovely on sunday|" +
  "my brother plays the guitar in a band|what happened in the news today|" +
  "find a restaurant near me|how do i get to the train station|" +
  "what movies are showing this weekend|who is the president of france|" +
  "how long should i boil an egg|what is the best way to learn spanish|" +
  "give me a recipe for tomato soup|is there life on other planets|" +
  "how does a car engine work|set an alarm for seven in the morning|" +
  "remind me to call my mother|turn off the lights in the kitchen|" +
  "what is the temperature outside|how many calories are in an apple|" +
  "what does serendipity mean|spell the word necessary|flip a coin for me|roll two dice|" +
  "what day of the week is christmas|how do i remove a stain from a shirt|" +
  "what is the tallest mountain in the world|who invented the telephone|" +
  "are there any concerts in town|how is the traffic on the way to work|" +
  "book a table for two people|what size shoes should i buy|where can i buy fresh flowers|" +
  "my phone screen is broken|the printer is out of paper|how do i change a flat tyre|" +
  "what is the exchange rate today|how do i open this file|i forgot my password again|" +
  "when does the shop close|how much does this cost|where is my order|" +
  "i would like to speak to a person|can i have a refund|do you deliver to my country|" +
  "what are your opening hours|how do i cancel this|i want to change my address|" +
  "please send me the details|thanks for your help|hello there|good evening|" +
  "goodbye and take care|yes please|no thank you|that is not what i meant|" +
  "could you repeat that|i do not understand|never mind|okay that sounds great|" +
  "you are very kind|this is really annoying|i am so happy today|i feel sick and tired|" +
  "how do i lose weight|what is a healthy breakfast|how much water should i drink|" +
  "is coffee bad for you|how do i fall asleep faster|what are the symptoms of a cold|" +
  "who is the best tennis player|how many players are in a cricket team|" +
  "what is the score of the game|when is the next solar eclipse|how deep is the ocean|" +
  "how do birds know where to fly|what is the population of canada|" +
  "which language is spoken in brazil|what currency do they use in japan|" +
  "how long is the flight to new york|what should i pack for a holiday|" +
  "is it safe to swim here|do i need a visa to travel|how do i renew my passport|" +
  "what is the speed limit on this road|how do i apply for a job|" +
  "what questions do they ask in an interview|how do i write a letter|" +
  "what is the plural of mouse|correct the grammar of this sentence|" +
  "how do i install a new program|what is the best laptop for students|" +
  "why is my computer so slow|how do i take a screenshot|what does this error mean|" +
  "is artificial intelligence dangerous|who is your boss|what can you do|" +
  "tell me something interesting|tell me a story about a dragon|what is two plus two|" +
  "convert ten miles to kilometres|how many ounces are in a pound|what is the date today|" +
  "how long until new year|what is on television tonight|who sings this song|" +
  "what is the name of that actor|how do i grow tomatoes|when should i plant roses|" +
  "how do i train a puppy|what do rabbits eat|how long do elephants live|" +
  "what is the rarest metal|how are diamonds made|what is the boiling point of water|" +
  "how do magnets work|explain gravity to a child|who discovered penicillin|" +
  "what is the oldest city in the world|how did the romans build roads|" +
  "what year did the titanic sink|where were the first olympic games|" +
  "what is the longest river in africa|do you believe in ghosts|" +
  "what is my horoscope for today|what do dreams mean|how do i say sorry to a friend|" +
  "what should i give my wife for her birthday|how do i make new friends|what is love|" +
  "the children are playing in the garden|she bought a red dress for the party|" +
  "we had dinner by the sea|he missed the bus this morning|" +
  "they painted the house last summer|i lost my keys somewhere|" +
  "the meeting was moved to friday|my flight has been delayed|" +
  "the baby would not stop crying|there is a strange noise in the car"
).split("|");
