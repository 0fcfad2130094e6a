extension ShippedDevices {
  /// SENECA, instruction by instruction.
  static let seneca = #"""
    {
      "format": "quell-device",
      "version": 1,
      "name": "seneca",
      "description": "SENECA by its instructions: energies of its processing elements, memory, controller and network as published, with spike grouping. Which instructions a function takes is assumed: exponentials and their like are polynomials of degree 6 or so, quotients two Newton steps.",
      "sources": {
        "tang": "Tang et al. 2023, Frontiers in Neuroscience 17:1187252, Table 8 in a secondary reading: energy per instruction by synthesis in GF 22 nm, no silicon",
        "tang-width": "The same, by width: a 16-bit word of data memory holds two 8-bit, four 4-bit or eight ternary weights, and 2 x INT8 instructions do two at a time",
        "tang-core": "The same: a core has 8 processing elements, 500 MHz, 2 Mb of data memory, groups of up to 8 events",
        "sensim": "The cost structure of the group's open simulator, SENSIM: about 10 controller instructions for each event",
        "horowitz": "No figure for SENECA is known: DRAM as in Horowitz, ISSCC 2014, 1.3 to 2.6 nJ for 64 bits, the middle of it",
        "assumed": "Assumed",
        "none": "Not published, and left out"
      },
      "clock_mhz": {"value": 500, "source": "tang-core", "measured": false},
      "lanes": {"value": 8, "source": "tang-core", "measured": false},
      "event_group": {"value": 8, "source": "tang-core", "measured": false},
      "skips_quiet_inputs": true,
      "components": ["embedding", "layer_norm", "wkv", "attention", "gates", "linear", "head"],
      "core": {
        "memory_bytes": {"value": 262144, "source": "tang-core", "measured": false},
        "static_power_mw": {"value": 0, "source": "none", "measured": false}
      },
      "network": {
        "energy_pj": {"value": 2, "source": "tang", "measured": false},
        "cycles": {"value": 1, "source": "assumed", "measured": false},
        "hops": {"value": 2, "source": "assumed", "measured": false}
      },
      "uncertainty": {
        "energy": {"value": 0.3, "source": "assumed", "measured": false},
        "latency": {"value": 0.5, "source": "assumed", "measured": false}
      },
      "instructions": {
        "add": {
          "energy_pj": {"value": 1.4, "source": "tang", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "multiply": {
          "energy_pj": {"value": 1.4, "source": "tang", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "add_int8": {
          "energy_pj": {"value": 0.6, "source": "tang-width", "measured": false},
          "cycles": {"value": 0.5, "source": "assumed", "measured": false}
        },
        "compare": {
          "energy_pj": {"value": 1.2, "source": "tang", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "shift": {
          "energy_pj": {"value": 1.2, "source": "tang", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "round": {
          "energy_pj": {"value": 1.4, "source": "tang", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "int_to_float": {
          "energy_pj": {"value": 1.1, "source": "tang", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        }
      },
      "controller": {
        "riscv": {
          "energy_pj": {"value": 11.6, "source": "tang", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "capture": {
          "energy_pj": {"value": 0.5, "source": "tang", "measured": false},
          "cycles": {"value": 0.125, "source": "assumed", "measured": false}
        },
        "generate": {
          "energy_pj": {"value": 1.1, "source": "tang", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        }
      },
      "accesses": {
        "load": {
          "energy_pj": {"value": 3.7, "source": "tang", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "store": {
          "energy_pj": {"value": 3.9, "source": "tang", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "load_weight_16": {
          "energy_pj": {"value": 3.7, "source": "tang", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false},
          "shared_energy_pj": {"value": 487.5, "source": "horowitz", "measured": false},
          "shared_cycles": {"value": 8, "source": "assumed", "measured": false}
        },
        "load_weight_8": {
          "energy_pj": {"value": 1.85, "source": "tang-width", "measured": false},
          "cycles": {"value": 0.5, "source": "assumed", "measured": false},
          "shared_energy_pj": {"value": 243.75, "source": "horowitz", "measured": false},
          "shared_cycles": {"value": 4.0, "source": "assumed", "measured": false}
        },
        "load_weight_4": {
          "energy_pj": {"value": 0.925, "source": "tang-width", "measured": false},
          "cycles": {"value": 0.25, "source": "assumed", "measured": false},
          "shared_energy_pj": {"value": 121.875, "source": "horowitz", "measured": false},
          "shared_cycles": {"value": 2.0, "source": "assumed", "measured": false}
        },
        "load_weight_2": {
          "energy_pj": {"value": 0.4625, "source": "tang-width", "measured": false},
          "cycles": {"value": 0.125, "source": "assumed", "measured": false},
          "shared_energy_pj": {"value": 60.9375, "source": "horowitz", "measured": false},
          "shared_cycles": {"value": 1.0, "source": "assumed", "measured": false}
        }
      },
      "work": {
        "mac_f16": {"load_weight_16": 1, "multiply": 1, "add": 1},
        "mac_bf16": {"load_weight_16": 1, "multiply": 1, "add": 1},
        "mac_int8": {"load_weight_8": 1, "int_to_float": 1, "multiply": 1, "add": 1},
        "mac_int4": {"load_weight_4": 1, "int_to_float": 1, "multiply": 1, "add": 1},
        "ac_f16": {"load_weight_16": 1, "add": 1},
        "ac_bf16": {"load_weight_16": 1, "add": 1},
        "ac_int8": {"load_weight_8": 1, "add_int8": 1},
        "ac_int4": {"load_weight_4": 1, "add_int8": 1},
        "lookup_f16": {"load_weight_16": 1, "store": 1},
        "lookup_bf16": {"load_weight_16": 1, "store": 1},
        "lookup_int8": {"load_weight_8": 1, "int_to_float": 1, "store": 1},
        "lookup_int4": {"load_weight_4": 1, "int_to_float": 1, "store": 1},
        "sum": {"load": 1, "store": 1},
        "output": {"load": 1, "multiply": 1, "add": 1, "store": 1},
        "compare_input": {"load": 1, "compare": 1, "capture": 1},
        "emit_event": {"generate": 1},
        "take_event": {"riscv": 10},
        "attend": {"load": 1, "multiply": 1, "add": 1},
        "copy": {"load": 1, "store": 1},
        "negate": {"load": 1, "add": 1, "store": 1},
        "rectify": {"load": 1, "compare": 1, "store": 1},
        "absolute": {"load": 1, "compare": 1, "store": 1},
        "exponential": {"load": 1, "multiply": 6, "add": 6, "round": 1, "shift": 1, "int_to_float": 1, "store": 1},
        "sigmoid": {"load": 1, "multiply": 10, "add": 9, "round": 1, "shift": 1, "int_to_float": 1, "store": 1},
        "hyperbolic_tangent": {"load": 1, "multiply": 10, "add": 10, "round": 1, "shift": 1, "int_to_float": 1, "store": 1},
        "square_root": {"load": 1, "multiply": 6, "add": 6, "store": 1},
        "logarithm": {"load": 1, "multiply": 7, "add": 7, "round": 1, "shift": 1, "int_to_float": 1, "store": 1},
        "sine": {"load": 1, "multiply": 7, "add": 7, "round": 1, "shift": 1, "int_to_float": 1, "store": 1},
        "cosine": {"load": 1, "multiply": 7, "add": 7, "round": 1, "shift": 1, "int_to_float": 1, "store": 1},
        "error_function": {"load": 1, "multiply": 12, "add": 12, "round": 1, "shift": 1, "int_to_float": 1, "store": 1},
        "add": {"load": 2, "add": 1, "store": 1},
        "subtract": {"load": 2, "add": 1, "store": 1},
        "multiply": {"load": 2, "multiply": 1, "store": 1},
        "divide": {"load": 2, "multiply": 4, "add": 2, "store": 1},
        "maximum": {"load": 2, "compare": 1, "store": 1},
        "minimum": {"load": 2, "compare": 1, "store": 1},
        "threshold": {"load": 2, "compare": 1, "store": 1},
        "choose": {"load": 3, "compare": 1, "store": 1},
        "mac_ternary": {"load_weight_2": 1, "add": 1},
        "lookup_ternary": {"load_weight_2": 1, "int_to_float": 1, "store": 1},
        "round": {"load": 1, "round": 1, "int_to_float": 1, "store": 1}
      }
    }
    """#
}
