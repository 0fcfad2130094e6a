import Quell

/// A list of elements cut into runs that one operation each can bring together: known numbers, or elements that lie at even
/// steps in blocks, rows and columns.
struct StridedRuns {
  /// Where an element lies.
  struct Location: Hashable {
    /// What of the program's memory.
    enum Space: Hashable {
      case known
      case state
      case buffer(Int)
    }

    var space: Space
    var offset: Int
  }

  /// Elements that lie at even steps. Known numbers have a run too, whose order means nothing.
  struct Run {
    var range: Range<Int>
    var first: Location
    var order: Arrangement

    /// Whether the elements lie side by side.
    var isContiguous: Bool { order.rows == 1 && range.count == order.columns && (order.columns == 1 || order.columnStep == 1) }

    /// How many elements of the memory the run spans.
    var reach: Int {
      let blocks = range.count / (order.rows * order.columns)
      return (blocks - 1) * order.blockStep + (order.rows - 1) * order.rowStep + (order.columns - 1) * order.columnStep + 1
    }
  }

  /// The runs of a list, in order, each as long as it can be.
  static func split(_ locations: [Location]) -> [Run] {
    var runs: [Run] = []
    var start = 0
    while start < locations.count {
      let run = run(locations, from: start)
      runs.append(run)
      start = run.range.upperBound
    }
    return runs
  }

  /// How many interleaved lists the fewest runs come from, where that is far fewer than the list itself has; else 1.
  static func interleaving(_ locations: [Location], runs: Int) -> Int {
    var best = (period: 1, runs: runs / 4)
    guard best.runs > 2 else { return 1 }
    for period in 2...64 where locations.count % period == 0 && locations.count > period {
      let count = split(deinterleaved(locations, by: period)).count
      if count < best.runs { best = (period, count) }
      if count <= period { break }
    }
    return best.period
  }

  /// Every `period`th element from each of the first on, list after list.
  static func deinterleaved<Item>(_ items: [Item], by period: Int) -> [Item] {
    (0..<period).flatMap { first in stride(from: first, to: items.count, by: period).map { items[$0] } }
  }

  private static func run(_ locations: [Location], from start: Int) -> Run {
    let first = locations[start]
    var end = start + 1
    if first.space == .known {
      while end < locations.count, locations[end].space == .known { end += 1 }
      return Run(range: start..<end, first: first, order: order(end - start, 1, 0, 0, 1))
    }
    let (columns, columnStep) = repeats(locations, from: start, of: 1)
    let (rows, rowStep) = repeats(locations, from: start, of: columns)
    let (blocks, blockStep) = repeats(locations, from: start, of: rows * columns)
    end = start + blocks * rows * columns
    return Run(range: start..<end, first: first, order: order(columns, rows, blockStep, rowStep, columnStep))
  }

  private static func order(_ columns: Int, _ rows: Int, _ blockStep: Int, _ rowStep: Int, _ columnStep: Int) -> Arrangement {
    Arrangement(rows: rows, columns: columns, blockStep: blockStep, rowStep: rowStep, columnStep: columnStep)
  }

  /// How often the first `length` elements from `start` on are there again, each time one step further on; and the step.
  private static func repeats(_ locations: [Location], from start: Int, of length: Int) -> (count: Int, step: Int) {
    guard start + 2 * length <= locations.count else { return (1, 0) }
    let step = locations[start + length].offset - locations[start].offset
    guard step >= 0 else { return (1, 0) }
    var count = 1
    while start + (count + 1) * length <= locations.count {
      let from = start + count * length
      for index in 0..<length {
        let (here, there) = (locations[start + index], locations[from + index])
        if there.space != here.space || there.offset != here.offset + count * step { return (count, count == 1 ? 0 : step) }
      }
      count += 1
    }
    return (count, step)
  }
}
