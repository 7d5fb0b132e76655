import { stem } from "./text.ts";

/**
 * Everyday English words that people use for one another when they ask for help: a bot that was
 * taught "cancel my order" is asked "call off my purchase". Each line is one concept. Words stand
 * as a message has them once normalised.
 */
const GROUPS = `
money cash fund funds dough
cost costs price prices pricing fee fees charge charges charged charging expense expensive rate rates
free gratis complimentary
buy buying bought purchase purchases purchased purchasing order ordered ordering
pay paying paid payment payments payed
sell selling sold
send sending sent transfer transfers transferred transferring wire remit forward
receive received receiving get getting got obtain obtained acquire
arrive arrived arrives arriving arrival come coming came delivery deliver delivered delivers delivering ship shipped shipping
track tracking trace locate whereabouts
wait waiting pending processing outstanding unprocessed
delay delayed late slow slowly overdue long
fast quick quickly soon asap immediately instantly express urgent urgently hurry rush
cancel cancelled canceled cancelling canceling cancellation revoke undo revert reverse reversed reverted abort
stop halt end terminate terminated quit discontinue
close closing closed delete deleting deleted remove removing removed erase deactivate
refund refunded refunds refunding reimburse reimbursed reimbursement repay
return returned returning returns
declined decline declines rejected reject rejects refused refuse denied deny turned
fail failed failing fails failure unsuccessful unsuccessfully
broken broke break damaged damage faulty defective malfunction malfunctioning cracked
work working works worked function functioning functional
wrong incorrect incorrectly mistake mistaken mistakenly error errors erroneous inaccurate
fix fixed repair repaired mend solve solved resolve resolved correct rectify
problem problems issue issues trouble troubles difficulty difficulties
lost lose losing missing misplaced misplace gone disappeared disappear vanished
find found finding search searching look looking
stolen steal stole theft thief robbed mugged pickpocketed
fraud fraudulent scam scammed unauthorized unauthorised suspicious hacked compromised
recognise recognize recognised recognized unknown unfamiliar
twice double duplicate duplicated doubled
extra additional more another second multiple several many
help assist assistance support aid
tell know explain inform say clarify
want wish wanna need require required
like love enjoy prefer
allow allowed allows permitted permit permission able possible can
show display see view check
change changing changed changes alter modify edit update updated updating amend adjust switch
make create set setup establish
open opening start starting begin beginning launch commence
activate activated activating activation enable enabled unlock
block blocked blocking lock locked freeze frozen suspend suspended disable disabled
verify verified verifying verification confirm confirmed confirmation validate prove proof authenticate authentication
identity identification id passport
password passcode pin code pass
forgot forgotten forget remember recall
phone mobile cell cellphone smartphone telephone handset device
app application program software
address location place
home house residence live living
country countries nation nations abroad overseas foreign international internationally
currency currencies exchange exchanging convert conversion
euro euros eur
dollar dollars usd bucks
pound pounds gbp sterling
bank banks banking
card cards
cheque check cheques
atm cashpoint withdraw withdrawal withdrawing withdrew withdrawals
deposit deposited depositing
topup topping topped top reload
balance amount total sum
limit limits maximum max most cap restriction restrictions
minimum least min
salary wage wages income paycheck earnings payroll
bill bills invoice invoices
receipt statement statements record records history
account accounts profile
user customer client
subscription subscriptions membership
auto automatic automatically recurring regular regularly
gift present
visa mastercard
virtual disposable temporary
physical actual real plastic
child children kid kids son daughter teenager minor
age old older
job employment career
holiday vacation trip travel traveling travelling journey
flight fly plane airline
car auto vehicle automobile
hotel room accommodation lodging
book booking booked reserve reservation reserved
restaurant diner eatery
food meal dish eat eating
recipe cook cooking bake
song songs music track tune
play playing listen
movie film films cinema
weather forecast temperature
doctor physician hospital
ill sick unwell
medicine medication drug drugs vaccine shot
big large huge
small little tiny
near nearby close closest nearest around
far distance distant
cheap inexpensive affordable low lower
high higher expensive
good great nice fine okay ok
bad terrible awful poor horrible
happy glad pleased
angry upset annoyed mad furious unhappy
thanks thank thankful appreciate
hello hi hey greetings
bye goodbye farewell
yes yeah yep sure
no nope nah
talk speak chat call contact reach
human person agent representative someone somebody operator
meeting meetings appointment appointments
calendar schedule agenda
reminder remind reminders
alarm timer
todo task tasks
list lists
shop shops store stores shopping merchant merchants retailer
insurance insured coverage
tax taxes
credit loan loans borrow lend
interest apr
score rating
oil petrol gas gasoline fuel
tire tires tyre tyres
today tonight now currently present
yesterday ago
tomorrow later
week weeks weekly
month months monthly
year years yearly annual annually
job jobs
name names surname
spell spelling
mean meaning means definition define
translate translation
language languages
luggage baggage bag bags suitcase
destination
wifi internet network connection
turn switch
volume loud louder quiet
light lights lamp
`;

const CONCEPTS = new Map<string, number>();
GROUPS.trim().split("\n").forEach((line, index) => {
  for (const word of line.split(" ")) {
    // A word of several concepts belongs to the first, so that every word means one thing.
    for (const form of [word, stem(word)]) if (!CONCEPTS.has(form)) CONCEPTS.set(form, index + 1);
  }
});

/** The concept that a normalised word and its stem stand for, above 0, or 0 for none. */
export function conceptOf(word: string, stemmed: string): number {
  return CONCEPTS.get(word) ?? CONCEPTS.get(stemmed) ?? 0;
}
