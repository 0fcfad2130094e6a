import Testing

@testable import QuellDrawing

@Suite struct ChartTests {
  @Test(arguments: [(27.9, 80.1, 20.0, 90.0), (40, 80, 40, 80), (-3, 7, -4, 8), (5, 5, 5, 6)])
  func scalesLieBetweenRoundNumbers(least: Double, greatest: Double, first: Double, last: Double) {
    let axis = Axis(from: least, to: greatest, count: 8)
    #expect(abs(axis.marks[0] - first) < 1e-9 && abs(axis.end - last) < 1e-9, "\(axis.marks)")
    #expect(abs(axis.place(first)) < 1e-12 && abs(axis.place(last) - 1) < 1e-12)
    #expect(abs(axis.place((first + last) / 2) - 0.5) < 1e-12)
  }

  @Test(arguments: [(0.0026, 0.31, 0.002, 0.5, 8), (0.001, 0.1, 0.001, 0.1, 7), (3e-6, 2, 1e-6, 10, 8), (0.05, 0.05, 0.05, 0.1, 2)])
  func factorsAreEquallyLong(least: Double, greatest: Double, first: Double, last: Double, count: Int) {
    let axis = LogarithmicAxis(from: least, to: greatest)
    #expect(abs(axis.marks[0] / first - 1) < 1e-9 && abs(axis.marks[axis.marks.count - 1] / last - 1) < 1e-9, "\(axis.marks)")
    #expect(axis.marks.count == count)
    #expect(abs(axis.place((first * last).squareRoot()) - 0.5) < 1e-9)
    #expect(axis.place(0) == 0 && axis.place(-1) == 0 && axis.place(first / 2) == 0)
    #expect(Set(axis.marks.map(axis.label)).count == count)
  }

  /// Numbers that files have given: nearer to one another than anyone counts, and so small that no power of ten is below.
  @Test func extremeNumbersHaveAPlace() {
    let near = Axis(from: 1e10, to: 1e10 + 1e-5)
    #expect(near.marks == [1e10, 1e10 + 1e-5] && near.place(1e10) == 0 && near.place(1e10 + 1e-5) == 1)
    let tiny = Double.leastNonzeroMagnitude
    for (least, greatest) in [(tiny, tiny), (tiny, 1), (1, 1.7e308)] {
      #expect(LogarithmicAxis(from: least, to: greatest).marks.allSatisfy { $0 > 0 && $0.isFinite })
    }
  }

  @Test func labelsHaveTheDecimalsThatTheyNeed() {
    let axis = LogarithmicAxis(from: 0.002, to: 20)
    #expect(axis.marks.map(axis.label) == ["0.001", "0.01", "0.1", "1", "10", "100"])
  }

  /// What stands in an attribute of every element of a kind.
  private func numbers(_ attribute: String, of element: String, in drawing: String) -> [Double] {
    drawing.split(separator: "\n").filter { $0.hasPrefix("<\(element) ") }.compactMap { line in
      line.split(separator: " \(attribute)=\"").dropFirst().first.flatMap { Double($0.prefix { $0 != "\"" }) }
    }
  }

  @Test func pointsStandWhereTheirNumbersAre() {
    var drawing = SVGDrawing(width: 400, height: 300, title: "")
    // The first line's points are circles; the last of them is not above 0.
    let points = [(40.0, 0.1), (60, 0.01), (80, -0.001)].map { LineChart.Line.Point(x: $0.0, y: $0.1, hint: "<hint>") }
    LineChart(title: "up", caption: "across", lines: [.init("a & b", points: points)], landmark: (50, "here"))
      .draw(into: &drawing, x: 0, y: 0, width: 400, height: 300)
    let document = drawing.document
    let (across, up) = (numbers("cx", of: "circle", in: document), numbers("cy", of: "circle", in: document))
    // Three points, and the one of the legend, right of all.
    #expect(across.count == 4 && across[3] > across[2])
    #expect(abs((across[1] - across[0]) - (across[2] - across[1])) < 0.02 && across[1] > across[0])
    // On a scale from 0.01 to 0.1 the second stands at the lower edge, and so does what has no place, hollow.
    #expect(up[0] == 34 && up[1] == 300 - 46 && up[2] == up[1])
    #expect(document.split(separator: "fill=\"#ffffff\" stroke=").count - 1 == 1)
    #expect(document.contains("&lt;hint&gt;") && document.contains("a &amp; b") && document.contains("stroke-dasharray"))
  }

  @Test func linesHaveMarksOfTheirOwn() {
    var drawing = SVGDrawing(width: 400, height: 300, title: "")
    let lines = (0..<4).map { LineChart.Line("\($0)", points: [.init(x: 1, y: 1, hint: ""), .init(x: 2, y: 2, hint: "")]) }
    LineChart(title: "", caption: "", lines: lines).draw(into: &drawing, x: 0, y: 0, width: 400, height: 300)
    // Two points and a legend each: circles, and polygons of 4, 3 and 4 corners.
    #expect(numbers("cx", of: "circle", in: drawing.document).count == 3)
    let corners = drawing.document.split(separator: "\n").filter { $0.hasPrefix("<polygon") }.map { line in
      line.split(separator: "\"")[1].split(separator: " ").count
    }
    #expect(corners.sorted() == [3, 3, 3, 4, 4, 4, 4, 4, 4])
    #expect(Set((0..<4).map(Palette.color)).count == 4)
  }

  @Test func moreIsDarker() {
    func brightness(_ fraction: Double) -> Int {
      let digits = Array(Palette.shade(fraction).dropFirst())
      return stride(from: 0, to: 6, by: 2).reduce(0) { $0 + Int(String(digits[$1...$1 + 1]), radix: 16)! }
    }
    let steps = stride(from: -0.1, through: 1.1, by: 0.05).map(brightness)
    #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 >= $1 } && steps[0] > steps[steps.count - 1])
    #expect(Palette.shade(0) == "#f7fbff" && Palette.shade(0.5) == "#6baed6" && Palette.shade(1) == "#08306b")
  }

  @Test func aMapHasAFieldForEachNumber() {
    let map = HeatMap(
      title: "t", caption: "block", rows: ["key", "value"], columns: ["0", "1", ""], fractions: [[0.5, 0.25, nil], [0.999, 0, nil]])
    var drawing = SVGDrawing(width: 300, height: map.height, title: "")
    map.draw(into: &drawing, x: 0, y: 0, margin: 50)
    let across = numbers("x", of: "rect", in: drawing.document).dropFirst()
    #expect(Array(across) == [50, 80, 50, 80])
    for text in ["key, 0: 50.0 %", "value, 0: 99.9 %", ">100</text>", ">25</text>"] { #expect(drawing.document.contains(text)) }
    #expect(numbers("y", of: "text", in: drawing.document).allSatisfy { $0 < map.height })
  }
}
