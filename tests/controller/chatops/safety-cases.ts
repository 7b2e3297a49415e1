import type { SafetyGroup } from './safety-case.ts'
import { commentsThatChanged } from './safety-cases/comments-that-changed.ts'
import { commentsThatRepeat } from './safety-cases/comments-that-repeat.ts'
import { peopleWhoMayNot } from './safety-cases/people-who-may-not.ts'
import { placesElsewhere } from './safety-cases/places-elsewhere.ts'
import { questionsThatMoved } from './safety-cases/questions-that-moved.ts'
import { textsThatAreNone } from './safety-cases/texts-that-are-none.ts'
import { whatCounts } from './safety-cases/what-counts.ts'
import { writersWhoAreNone } from './safety-cases/writers-who-are-none.ts'

/** Every case, as it is run and as it is published. */
export const safetyCases: readonly SafetyGroup[] = [
  whatCounts,
  commentsThatChanged,
  textsThatAreNone,
  writersWhoAreNone,
  peopleWhoMayNot,
  placesElsewhere,
  questionsThatMoved,
  commentsThatRepeat,
]
