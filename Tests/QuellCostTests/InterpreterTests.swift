import Quell
import RandomNumbers
import Testing

@testable import QuellCost

/// One core that takes one event after the other: slow, obvious, and with nothing of the closed formulas in it.
private struct Interpreter {
  /// Picojoules of one number and cycles of one pass, or of one number for the controller's; multiples of 1/64, so that sums are exact.
  struct Prices {
    var multiply: (Double, Double)
    var add: (Double, Double)
    var loadWeight: (Double, Double)
    var loadState: (Double, Double)
    var storeState: (Double, Double)
    var finish: (Double, Double)
    var compare: (Double, Double)
    /// The controller's.
    var emit: (Double, Double)
    var take: (Double, Double)
  }

  let prices: Prices
  let lanes: Int
  let group: Int
  private(set) var picojoules = 0.0
  private(set) var cycles = 0.0

  init(_ prices: Prices, lanes: Int, group: Int) {
    self.prices = prices
    self.lanes = lanes
    self.group = group
  }

  /// An instruction of as many elements as are active.
  private mutating func issue(_ price: (Double, Double), active: Int) {
    cycles += price.1
    for _ in 0..<active { picojoules += price.0 }
  }

  /// A vector goes through a layer: inputs are compared, events emitted into a queue, taken in groups, and outputs finished.
  mutating func run(_ inputs: [Float], threshold: Float, outputs: Int) {
    var queue: [Int] = []
    var index = 0
    while index < inputs.count {
      let active = min(lanes, inputs.count - index)
      issue(prices.compare, active: active)
      for input in index..<index + active where abs(inputs[input]) > threshold {
        queue.append(input)
        picojoules += prices.emit.0
        cycles += prices.emit.1
      }
      index += active
    }
    while !queue.isEmpty {
      let taken = min(group, queue.count)
      for _ in 0..<taken {
        picojoules += prices.take.0
        cycles += prices.take.1
      }
      var output = 0
      while output < outputs {
        let active = min(lanes, outputs - output)
        issue(prices.loadState, active: active)
        for _ in 0..<taken {
          issue(prices.loadWeight, active: active)
          issue(prices.multiply, active: active)
          issue(prices.add, active: active)
        }
        issue(prices.storeState, active: active)
        output += active
      }
      queue.removeFirst(taken)
    }
    var output = 0
    while output < outputs {
      issue(prices.finish, active: min(lanes, outputs - output))
      output += lanes
    }
  }
}

@Suite struct InterpreterTests {
  private static func profile(_ prices: Interpreter.Prices, lanes: Int, group: Int) -> [UInt8] {
    func figure(_ value: Double) -> String { #"{"value": \#(value), "source": "made up", "measured": false}"# }
    func step(_ price: (Double, Double)) -> String { #"{"energy_pj": \#(figure(price.0)), "cycles": \#(figure(price.1))}"# }
    let text = """
      {"format": "quell-device", "version": 1, "name": "test", "description": "", "sources": {"made up": "for a test"},
       "clock_mhz": \(figure(100)), "lanes": \(figure(Double(lanes))), "event_group": \(figure(Double(group))),
       "skips_quiet_inputs": true, "components": ["linear"], "core": {"static_power_mw": \(figure(0))},
       "uncertainty": {"energy": \(figure(0)), "latency": \(figure(0))},
       "instructions": {"multiply": \(step(prices.multiply)), "add": \(step(prices.add)), "finish": \(step(prices.finish)),
         "compare": \(step(prices.compare))},
       "controller": {"emit": \(step(prices.emit)), "take": \(step(prices.take))},
       "accesses": {"load_weight": \(step(prices.loadWeight)), "load_state": \(step(prices.loadState)), "store_state": \(step(prices.storeState))},
       "work": {"mac_int8": {"load_weight": 1, "multiply": 1, "add": 1}, "sum": {"load_state": 1, "store_state": 1},
         "output": {"finish": 1}, "compare_input": {"compare": 1}, "emit_event": {"emit": 1}, "take_event": {"take": 1}}}
      """
    return Array(text.utf8)
  }

  @Test(arguments: 0..<24) func theFormulasAreThoseOfOneEventAfterTheOther(seed: Int) throws {
    var random = SplitMix(state: UInt64(seed))
    func price() -> (Double, Double) {
      (Double(Int.random(in: 0...640, using: &random)) / 64, Double(Int.random(in: 1...256, using: &random)) / 64)
    }
    let prices = Interpreter.Prices(
      multiply: price(), add: price(), loadWeight: price(), loadState: price(), storeState: price(), finish: price(), compare: price(),
      emit: price(), take: price())
    let (lanes, group) = (Int.random(in: 1...9, using: &random), Int.random(in: 1...9, using: &random))
    let layers = (0..<Int.random(in: 1...4, using: &random)).map { layer in
      (kind: "layer\(layer)", inputs: Int.random(in: 1...40, using: &random), outputs: Int.random(in: 1...40, using: &random))
    }
    let isGrouped = seed % 3 != 0
    let tokens = 5
    var interpreter = Interpreter(prices, lanes: lanes, group: isGrouped ? group : 1)
    var sites = layers.map { _ in SiteActivity(visits: Double(tokens), events: 0, groups: 0) }
    for _ in 0..<tokens {
      for (site, layer) in layers.enumerated() {
        let threshold = Float.random(in: 0...1.2, using: &random)
        let inputs = (0..<layer.inputs).map { _ in Float.random(in: -1...1, using: &random) }
        interpreter.run(inputs, threshold: threshold, outputs: layer.outputs)
        let events = inputs.count { abs($0) > threshold }
        sites[site].events += Double(events)
        sites[site].groups += Double((events + group - 1) / group)
      }
    }
    let device = try Device(profile: InterpreterTests.profile(prices, lanes: lanes, group: group))
    let model = try CostModel(Sample.outline(layers), on: device, Execution(on: device, groupsEvents: isGrouped))
    let run = try model.price(
      ProgramActivity(tokens: Double(tokens), logits: Double(tokens), positions: 15, firstOfLogits: 0), sites: sites)
    #expect(run.total.energy.total == interpreter.picojoules)
    #expect(run.total.cycles.total == interpreter.cycles)
    #expect(run.total.events == sites.reduce(0) { $0 + $1.events })
  }
}
