import Testing

@testable import QuellImport

/// Sets of floats against comparisons, number by number.
struct FloatSetTests {
  @Test func boundsAreExact() {
    let theta: Float = 0.1
    let above = FloatSet(.greater, Double(theta)).union(FloatSet(.less, -Double(theta)))
    #expect(above.threshold == theta)
    #expect(FloatSet(.greaterOrEqual, Double(theta)).ofMagnitudes.threshold == theta.nextDown)
    // No float is 0.1 itself, which lies between two of them.
    let between = FloatSet(.greater, 0.1).ofMagnitudes.threshold
    #expect(between == (Double(theta) > 0.1 ? theta.nextDown : theta))
    #expect(FloatSet(.greaterOrEqual, 0.1).ofMagnitudes.threshold == between)
    #expect(FloatSet(.greater, 0).ofMagnitudes.threshold == 0)
    #expect(FloatSet(.equal, 0).complement.threshold == 0)
  }

  @Test func formsAreToldApart() {
    #expect(FloatSet(.greater, 2).threshold == nil && FloatSet(.greater, 2).rectifier == 2)
    #expect(FloatSet(.greaterOrEqual, 0).rectifier == 0 && FloatSet(.greater, 0).rectifier == 0)
    #expect(FloatSet(.less, 2).rectifier == nil && FloatSet(.greater, -1).rectifier == nil)
    #expect(FloatSet(.greater, 2).union(FloatSet(.less, -1)).threshold == nil)
    #expect(FloatSet.all.threshold == nil && FloatSet.none.threshold == nil)
    #expect(FloatSet(.lessOrEqual, .infinity) == .all && FloatSet(.greater, .nan) == .none)
  }

  @Test func theAlgebraIsThatOfSets() {
    let relations: [Relation] = [.equal, .greater, .greaterOrEqual, .less, .lessOrEqual]
    let sets = relations.flatMap { relation in [-2, -0.0, 1.5, 3e38].map { FloatSet(relation, $0) } }
    for a in sets {
      #expect(a.complement.complement == a)
      #expect(a.union(a.complement) == .all && a.intersection(a.complement) == .none)
      for b in sets {
        #expect(a.union(b) == b.union(a) && a.intersection(b) == b.intersection(a))
        #expect(a.union(b).complement == a.complement.intersection(b.complement))
        #expect(a.symmetricDifference(b) == a.union(b).intersection(a.intersection(b).complement))
      }
    }
  }
}
