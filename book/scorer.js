/* Ranks what a search finds: first the pages whose title is about it, then those that mention it. */
var Scorer = {
  score: ([, title, anchor, , score]) => {
    const stem = new Stemmer();
    const wanted = splitQuery(new URLSearchParams(location.search).get("q").toLowerCase());
    const words = new Set(splitQuery(title.split(" > ")[0].toLowerCase()).map((word) => stem.stemWord(word)));
    const named = wanted.filter((word) => words.has(stem.stemWord(word))).length / wanted.length;
    return score + (named === 1 ? 100 : 10 * named) + (anchor ? 0 : 1);
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
