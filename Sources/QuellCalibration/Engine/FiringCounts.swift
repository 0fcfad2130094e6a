import Quell

extension LayerwiseEvaluation {
  /// How often each input of each site is an event over all tokens, with some thresholds; an empty list for the vocabulary head.
  ///
  /// To be called at the front of the program. Takes two passes, and nothing can be measured afterwards but what comes behind the last site.
  ///
  /// - Parameter progress: Gets the fraction of the work that is done.
  public func firingCounts(thresholds: [Float], progress: (Double) -> Void) throws -> [[Int]] {
    for (site, threshold) in thresholds.enumerated() { setThreshold(threshold, site: site) }
    var counts = [[Int]](repeating: [], count: model.sites.count)
    for site in model.sitesInOrder where !model.sites[site].isHead {
      progress(1 - work(from: site))
      try advance(beforeFirstOf: [site])
      let threshold = thresholds[site]
      let silent = [Int](repeating: 0, count: model.sites[site].inputs)
      let windows = try gather(inputsOf: site, initial: silent) { counts, input in
        for (index, number) in input.enumerated() where abs(number) > threshold { counts[index] += 1 }
      }
      counts[site] = windows.reduce(silent) { zip($0, $1).map { $0 + $1 } }
    }
    return counts
  }
}
