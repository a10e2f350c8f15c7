* Twelve plants make lots of three products within their hours; demand links them.
* Minimise the cost of lots and of what is short. The blocks stand in twelve_plants.block.
NAME twelve-plants
ROWS
 N cost
 L capacity_0
 L capacity_1
 L capacity_2
 L capacity_3
 L capacity_4
 L capacity_5
 L capacity_6
 L capacity_7
 L capacity_8
 L capacity_9
 L capacity_10
 L capacity_11
 G demand_0
 G demand_1
 G demand_2
COLUMNS
 M0 'MARKER' 'INTORG'
 lots_0_0 cost 5.0
 lots_0_0 capacity_0 9.0
 lots_0_0 demand_0 9.0
 lots_0_1 cost 26.0
 lots_0_1 capacity_0 7.0
 lots_0_1 demand_1 8.0
 lots_0_2 cost 34.0
 lots_0_2 capacity_0 7.0
 lots_0_2 demand_2 6.0
 lots_1_0 cost 28.0
 lots_1_0 capacity_1 9.0
 lots_1_0 demand_0 11.0
 lots_1_1 cost 10.0
 lots_1_1 capacity_1 6.0
 lots_1_1 demand_1 7.0
 lots_1_2 cost 23.0
 lots_1_2 capacity_1 8.0
 lots_1_2 demand_2 4.0
 lots_2_0 cost 14.0
 lots_2_0 capacity_2 8.0
 lots_2_0 demand_0 10.0
 lots_2_1 cost 38.0
 lots_2_1 capacity_2 3.0
 lots_2_1 demand_1 4.0
 lots_2_2 cost 35.0
 lots_2_2 capacity_2 2.0
 lots_2_2 demand_2 10.0
 lots_3_0 cost 11.0
 lots_3_0 capacity_3 4.0
 lots_3_0 demand_0 8.0
 lots_3_1 cost 22.0
 lots_3_1 capacity_3 4.0
 lots_3_1 demand_1 4.0
 lots_3_2 cost 37.0
 lots_3_2 capacity_3 8.0
 lots_3_2 demand_2 3.0
 lots_4_0 cost 34.0
 lots_4_0 capacity_4 9.0
 lots_4_0 demand_0 7.0
 lots_4_1 cost 29.0
 lots_4_1 capacity_4 2.0
 lots_4_1 demand_1 3.0
 lots_4_2 cost 27.0
 lots_4_2 capacity_4 5.0
 lots_4_2 demand_2 4.0
 lots_5_0 cost 6.0
 lots_5_0 capacity_5 8.0
 lots_5_0 demand_0 7.0
 lots_5_1 cost 30.0
 lots_5_1 capacity_5 3.0
 lots_5_1 demand_1 11.0
 lots_5_2 cost 21.0
 lots_5_2 capacity_5 8.0
 lots_5_2 demand_2 7.0
 lots_6_0 cost 8.0
 lots_6_0 capacity_6 2.0
 lots_6_0 demand_0 10.0
 lots_6_1 cost 13.0
 lots_6_1 capacity_6 5.0
 lots_6_1 demand_1 11.0
 lots_6_2 cost 23.0
 lots_6_2 capacity_6 8.0
 lots_6_2 demand_2 10.0
 lots_7_0 cost 30.0
 lots_7_0 capacity_7 4.0
 lots_7_0 demand_0 8.0
 lots_7_1 cost 22.0
 lots_7_1 capacity_7 4.0
 lots_7_1 demand_1 6.0
 lots_7_2 cost 26.0
 lots_7_2 capacity_7 4.0
 lots_7_2 demand_2 7.0
 lots_8_0 cost 35.0
 lots_8_0 capacity_8 7.0
 lots_8_0 demand_0 5.0
 lots_8_1 cost 29.0
 lots_8_1 capacity_8 4.0
 lots_8_1 demand_1 7.0
 lots_8_2 cost 17.0
 lots_8_2 capacity_8 9.0
 lots_8_2 demand_2 6.0
 lots_9_0 cost 27.0
 lots_9_0 capacity_9 5.0
 lots_9_0 demand_0 5.0
 lots_9_1 cost 25.0
 lots_9_1 capacity_9 5.0
 lots_9_1 demand_1 11.0
 lots_9_2 cost 8.0
 lots_9_2 capacity_9 6.0
 lots_9_2 demand_2 3.0
 lots_10_0 cost 7.0
 lots_10_0 capacity_10 6.0
 lots_10_0 demand_0 3.0
 lots_10_1 cost 28.0
 lots_10_1 capacity_10 6.0
 lots_10_1 demand_1 4.0
 lots_10_2 cost 18.0
 lots_10_2 capacity_10 6.0
 lots_10_2 demand_2 11.0
 lots_11_0 cost 25.0
 lots_11_0 capacity_11 9.0
 lots_11_0 demand_0 9.0
 lots_11_1 cost 16.0
 lots_11_1 capacity_11 8.0
 lots_11_1 demand_1 10.0
 lots_11_2 cost 12.0
 lots_11_2 capacity_11 8.0
 lots_11_2 demand_2 4.0
 M36 'MARKER' 'INTEND'
 shortfall_0 cost 100.0
 shortfall_0 demand_0 1.0
 shortfall_1 cost 100.0
 shortfall_1 demand_1 1.0
 shortfall_2 cost 100.0
 shortfall_2 demand_2 1.0
RHS
 RHS capacity_0 36.0
 RHS capacity_1 36.0
 RHS capacity_2 20.0
 RHS capacity_3 25.0
 RHS capacity_4 25.0
 RHS capacity_5 30.0
 RHS capacity_6 24.0
 RHS capacity_7 19.0
 RHS capacity_8 32.0
 RHS capacity_9 25.0
 RHS capacity_10 28.0
 RHS capacity_11 40.0
 RHS demand_0 94.0
 RHS demand_1 87.0
 RHS demand_2 76.0
RANGES
BOUNDS
 LO BOUND lots_0_0 0.0
 UP BOUND lots_0_0 5.0
 LO BOUND lots_0_1 0.0
 UP BOUND lots_0_1 5.0
 LO BOUND lots_0_2 0.0
 UP BOUND lots_0_2 5.0
 LO BOUND lots_1_0 0.0
 UP BOUND lots_1_0 5.0
 LO BOUND lots_1_1 0.0
 UP BOUND lots_1_1 5.0
 LO BOUND lots_1_2 0.0
 UP BOUND lots_1_2 5.0
 LO BOUND lots_2_0 0.0
 UP BOUND lots_2_0 5.0
 LO BOUND lots_2_1 0.0
 UP BOUND lots_2_1 5.0
 LO BOUND lots_2_2 0.0
 UP BOUND lots_2_2 5.0
 LO BOUND lots_3_0 0.0
 UP BOUND lots_3_0 5.0
 LO BOUND lots_3_1 0.0
 UP BOUND lots_3_1 5.0
 LO BOUND lots_3_2 0.0
 UP BOUND lots_3_2 5.0
 LO BOUND lots_4_0 0.0
 UP BOUND lots_4_0 5.0
 LO BOUND lots_4_1 0.0
 UP BOUND lots_4_1 5.0
 LO BOUND lots_4_2 0.0
 UP BOUND lots_4_2 5.0
 LO BOUND lots_5_0 0.0
 UP BOUND lots_5_0 5.0
 LO BOUND lots_5_1 0.0
 UP BOUND lots_5_1 5.0
 LO BOUND lots_5_2 0.0
 UP BOUND lots_5_2 5.0
 LO BOUND lots_6_0 0.0
 UP BOUND lots_6_0 5.0
 LO BOUND lots_6_1 0.0
 UP BOUND lots_6_1 5.0
 LO BOUND lots_6_2 0.0
 UP BOUND lots_6_2 5.0
 LO BOUND lots_7_0 0.0
 UP BOUND lots_7_0 5.0
 LO BOUND lots_7_1 0.0
 UP BOUND lots_7_1 5.0
 LO BOUND lots_7_2 0.0
 UP BOUND lots_7_2 5.0
 LO BOUND lots_8_0 0.0
 UP BOUND lots_8_0 5.0
 LO BOUND lots_8_1 0.0
 UP BOUND lots_8_1 5.0
 LO BOUND lots_8_2 0.0
 UP BOUND lots_8_2 5.0
 LO BOUND lots_9_0 0.0
 UP BOUND lots_9_0 5.0
 LO BOUND lots_9_1 0.0
 UP BOUND lots_9_1 5.0
 LO BOUND lots_9_2 0.0
 UP BOUND lots_9_2 5.0
 LO BOUND lots_10_0 0.0
 UP BOUND lots_10_0 5.0
 LO BOUND lots_10_1 0.0
 UP BOUND lots_10_1 5.0
 LO BOUND lots_10_2 0.0
 UP BOUND lots_10_2 5.0
 LO BOUND lots_11_0 0.0
 UP BOUND lots_11_0 5.0
 LO BOUND lots_11_1 0.0
 UP BOUND lots_11_1 5.0
 LO BOUND lots_11_2 0.0
 UP BOUND lots_11_2 5.0
 LO BOUND shortfall_0 0.0
 PL BOUND shortfall_0
 LO BOUND shortfall_1 0.0
 PL BOUND shortfall_1
 LO BOUND shortfall_2 0.0
 PL BOUND shortfall_2
ENDATA
